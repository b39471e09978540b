/* Plays the timeline's pictures again; the page says all of it without this. */
(function () {
  "use strict";
  var rows = [].slice.call(
    document.querySelectorAll("#timeline tbody tr[data-d]"));
  var player = document.querySelector(".player");
  var grid = document.getElementById("live");
  if (!rows.length || !player || !grid) { return; }
  var perBoard = grid.tBodies[0].rows.length;
  var words = {};
  [].forEach.call(document.querySelectorAll(".cab td[title]"), function (td) {
    words[td.dataset.s] = td.title.split(": ")[1].split(",")[0];
  });
  [].forEach.call(document.querySelectorAll(".legend li"), function (li) {
    var key = li.firstElementChild;
    if (key.dataset.s) { words[key.dataset.s] = li.textContent.slice(2).trim(); }
  });

  /* Every picture, from what each moment changed. */
  var pictures = [], last = [];
  rows.forEach(function (row) {
    var now = last.slice();
    row.dataset.d.split(" ").forEach(function (change) {
      var parts = /^(\d+)(.)(\*?)$/.exec(change);
      if (parts) { now[+parts[1]] = [parts[2], parts[3]]; }
    });
    pictures.push(last = now);
  });

  function label(door) {
    return String.fromCharCode(65 + Math.floor(door / perBoard)) + "0" +
      (door % perBoard + 1);
  }
  function show(at) {
    var row = rows[at], text = document.getElementById("now");
    pictures[at].forEach(function (cell, door) {
      var td = grid.tBodies[0].rows[door % perBoard]
        .cells[1 + Math.floor(door / perBoard)];
      if (td.dataset.s === cell[0] && td.textContent.slice(1) === cell[1]) {
        return;
      }
      td.dataset.s = cell[0];
      td.textContent = (cell[0] === "." ? "\u00b7" : cell[0]) + cell[1];
      td.toggleAttribute("data-m", cell[1] !== "");
      td.title = label(door) + ": " + (words[cell[0]] || cell[0]) +
        (cell[1] ? ", a parcel behind it" : "");
    });
    text.textContent = "";
    var when = document.createElement("span"), what =
      document.createElement("b");
    when.className = "at";
    when.textContent = row.cells[0].textContent + "  ";
    what.textContent = row.cells[2].textContent;
    text.append(when, what);
    var today = row.dataset.host === "today";
    grid.classList.toggle("breach", today);
    grid.caption.textContent = today ? "Under a host of today" :
      "Under lockbus";
    slider.value = at;
    slider.setAttribute("aria-valuetext",
      row.cells[0].textContent + ": " + row.cells[2].textContent);
  }

  var slider = document.getElementById("slider");
  var play = document.getElementById("play");
  var timer = null;
  function stop() {
    clearTimeout(timer);
    timer = null;
    play.textContent = "Play";
  }
  function step(by) {
    var at = Math.min(rows.length - 1, Math.max(0, +slider.value + by));
    show(at);
    return at;
  }
  /* Events pass quickly, sentences stay long enough to be read. */
  function next() {
    var at = step(1);
    if (at === rows.length - 1) { stop(); return; }
    timer = setTimeout(next, rows[at].className === "event" ? 140 :
      900 + 18 * rows[at].cells[2].textContent.length);
  }
  play.addEventListener("click", function () {
    if (timer) { stop(); return; }
    if (+slider.value === rows.length - 1) { show(0); }
    play.textContent = "Pause";
    next();
  });
  document.getElementById("back").addEventListener("click", function () {
    stop(); step(-1);
  });
  document.getElementById("on").addEventListener("click", function () {
    stop(); step(1);
  });
  slider.addEventListener("input", function () { stop(); show(+slider.value); });
  player.hidden = false;
  show(+slider.value);
}());
