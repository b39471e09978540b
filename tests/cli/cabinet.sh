# SPDX-License-Identifier: Apache-2.0
# Sourced by other scripts here: a folder of its own with keys, a manifest and
# a commissioned cabinet of eight doors, A01 to A08, on a simulated board.
# Needs $lockbus, $sim, $profiles; sets $dir, $id, $device. bench.sh says it slowly.

pid=
dir=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
umask 077
for role in operations:ops security:sec courier:courier return:return \
    archive:archive; do
    "$lockbus" keygen "${role%:*}" -o "${role#*:}.key"
done
"$lockbus" keygen root -o root1.key
"$lockbus" keygen root -o root2.key
"$lockbus" keygen issuer --region 7 -o issuer.key
id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
cat >cabinet.ini <<END
[cabinet]
name     = bench
journal  = journal
manifest = 1.lbm
profiles = $profiles
[lock]
pulse_ms = 200
rest_ms  = 0
at_once  = 2
shut_is  = 1
[bus.main]
port = pty:$dir/bus
baud = 115200 8N1
[boards]
1 = main 1 waveshare-relay-d-8ch
[doors]
A01-A08 = 0-7 1:1-8 size=M
END
cat >manifest.ini <<END
[manifest]
operator_id = $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
number = 1
epoch = 1
issued_at = $(date +%s)
threshold = 2
[limits]
max_open_occupied = 2
max_open_vacant = 4
interlock_hold_s = 60
burst = 6
per_hour = 60
return_burst = 3
return_per_hour = 60
service_burst = 4
service_per_hour = 60
code_tries = 5
code_tries_per_hour = 10
reopen_window_s = 60
ajar_after_s = 60
max_grant_hours = 720
challenge_ttl_s = 120
service_ttl_s = 900
code_min_bits = 30
[keys]
root1 = root file:root1.pub
root2 = root file:root2.pub
issuer = issuer file:issuer.pub
ops = operations file:ops.pub
sec = security file:sec.pub
archive = archive file:archive.pub
END
"$lockbus" manifest manifest.ini --sign root1.key --sign root2.key -o 1.lbm
"$lockbus" order commission cabinet.ini 1.lbm --cabinet "$id" --region 7 \
    --sign ops.key --sign sec.key -o 1.lbc
if "$lockbus" commission cabinet.ini 1.lbm 1.lbm --escrow journal.escrow 2>err ||
    ! grep -q "1.lbm: this is a manifest; a commissioning order" err; then
    echo "not ok: a manifest is taken for an order" >&2
    exit 1
fi
"$lockbus" commission cabinet.ini 1.lbm 1.lbc --escrow journal.escrow \
    >commissioned
cat commissioned
device=$(sed -n 's/^device key //p' commissioned)

# Somebody shuts a door 2 s after it opened. Returns when the boards are
# there: the pipe's first line says so.
start_sim() {
    mkfifo ready
    "$sim" --shut-after 2000 cabinet.ini >ready &
    pid=$!
    exec 9<ready # and stays open: a closed pipe would end the simulator
    read -r line <&9
    case $line in ready*) ;; *) return 1 ;; esac
}
