/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* Door by door: what was tried, and which rule refused it. */

#include "page_parts.h"

enum { RULES_MAX = 16 };

static void one_try(FILE *f, const struct night_door *door, unsigned attempt)
{
    enum lockbus_rule rule = door->rule[attempt];

    if (rule != LOCKBUS_RULE_NONE) {
        html(f, "<td><abbr title=\"%s\">%s</abbr></td>",
             lockbus_rule_text(rule), lockbus_rule_name(rule));
    } else if (attempt == TRY_DEPOSIT && door->opened) {
        fputs("<td class=\"took\">opened</td>", f);
    } else {
        fputs("<td class=\"took\">?</td>", f);
    }
}

static void one_row(FILE *f, const struct night_door *door)
{
    html(f,
         "<tr data-door=\"%s\" data-full=\"%u\" data-open-n=\"%u\" "
         "data-lockbus=\"%u\"><th scope=\"row\">%s</th><td>%s</td>",
         door->label, (unsigned)door->full, (unsigned)door->obeyed,
         (unsigned)door->opened, door->label, door->full ? "parcel" : "empty");
    if (door->obeyed) {
        html(f, "<td class=\"bad\">open, %u&nbsp;ms</td>", door->obeyed_ms);
    } else {
        fputs("<td>shut</td>", f);
    }
    for (unsigned i = 0; i < TRY_COUNT; i++) {
        one_try(f, door, i);
    }
    if (!door->opened) {
        fputs("<td class=\"good\">shut</td></tr>\n", f);
    } else {
        html(f, "<td class=\"%s\">open</td></tr>\n",
             door->full ? "bad" : "warn");
    }
}

static void one_table(FILE *f, const struct night *night, bool full)
{
    html(f,
         "<div class=\"wide\" tabindex=\"0\" role=\"region\" "
         "aria-label=\"%s\"><table class=\"rows\">\n<thead><tr>"
         "<th rowspan=\"2\" scope=\"col\">Door</th>"
         "<th rowspan=\"2\" scope=\"col\">Behind it</th>"
         "<th rowspan=\"2\" scope=\"col\">Today: &ldquo;open n&rdquo;</th>"
         "<th colspan=\"6\" scope=\"colgroup\">lockbus: refused by rule</th>"
         "</tr><tr><th scope=\"col\">release</th><th "
         "scope=\"col\">return</th><th scope=\"col\">reopen</th>"
         "<th scope=\"col\">cancel</th><th scope=\"col\">own deposit</th>"
         "<th scope=\"col\">leaf</th></tr></thead>\n<tbody>\n",
         full ? "Doors with parcels" : "Empty doors");
    for (unsigned d = 0; d < DOORS; d++) {
        if (night->door[d].full == full) {
            one_row(f, &night->door[d]);
        }
    }
    fputs("</tbody></table></div>\n", f);
}

static void rules(FILE *f, const struct night *night)
{
    enum lockbus_rule seen[RULES_MAX] = {LOCKBUS_RULE_NONE};
    size_t count = 0;

    fputs("<dl class=\"rules\">\n", f);
    for (unsigned i = 0; i < DOORS * TRY_COUNT; i++) {
        enum lockbus_rule rule = night->door[i / TRY_COUNT].rule[i % TRY_COUNT];
        bool known = rule == LOCKBUS_RULE_NONE || count == RULES_MAX;

        for (size_t k = 0; k < count && !known; k++) {
            known = seen[k] == rule;
        }
        if (!known) {
            seen[count++] = rule;
            html(f, "<div><dt>%s</dt><dd>%s</dd></div>\n",
                 lockbus_rule_name(rule), lockbus_rule_text(rule));
        }
    }
    fputs("</dl>\n", f);
}

void part_matrix(FILE *f, const struct night *night)
{
    fputs("<section id=\"matrix\" aria-labelledby=\"h-matrix\">\n"
          "<h2 id=\"h-matrix\">The attack, door by door</h2>\n"
          "<p class=\"sub\">On lockbus the attacker signs proofs of every "
          "kind with the issuer&rsquo;s key, and brings a deposit of his own "
          "to each door. The rule that refused is what the journal "
          "keeps.</p>\n",
          f);
    one_table(f, night, true);
    rules(f, night);
    html(f, "<details><summary>The %u empty doors</summary>\n",
         (unsigned)DOORS - night->full);
    one_table(f, night, false);
    fputs("</details>\n", f);
    html(f,
         "<p class=\"said\">In the words of the simulated boards: under the "
         "host of today <samp id=\"said-open-n\">%s</samp> moved; under "
         "lockbus <samp id=\"said-lockbus\">%s</samp>.</p>\n</section>\n",
         night->obeyed_said, night->opened_said);
}
