// Keys and the pointer for a review: they fill in and send the forms of the page.
"use strict";

document.body.dataset.keys = "review";
const PLAIN = {
  "next label": "j", "previous label": "k", accept: "a", reject: "x", "first word left": "[", "first word right": "]", "last word left": ",",
  "last word right": ".", correct: "c", "missed one": "m", "the same everywhere": "e", "accept the rest, finish": "A", finish: "d", skip: "s", undo: "u",
  "next sentence": "n", "previous sentence": "p",
};
const KEPT = "xprojdb-keys";
const keys = { ...PLAIN, ...read() };
function read() { try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; } }

const judges = [...document.querySelectorAll(".judge")];
const words = [...document.getElementById("judged").children];
const labels = [...judges[0].querySelector("select").options].map((option) => option.text);
let current = Math.min(+(new URLSearchParams(location.search).get("at") ?? 0), judges.length - 1);
if (!judges.some((each, n) => n === current && !each.classList.contains("adding")) && judges.length > 1) current = Math.min(current, judges.length - 2);

const field = (name) => judges[current].querySelector(`[name=${name}]`);
function show(focus = true) {
  judges.forEach((each, n) => each.classList.toggle("current", n === current));
  const start = field("start").value, last = field("last").value;
  words.forEach((word, n) => word.classList.toggle("chosen", start !== "" && n >= +start && n <= +last));
  if (focus) judges[current].focus({ preventScroll: true });
  judges[current].scrollIntoView({ block: "nearest" });
}
function go(next) { current = Math.min(Math.max(next, 0), judges.length - 1); show(); }
function send(holder, action) { holder.querySelector(`button[value="${action}"]`)?.click(); }
function move(name, by) {
  const input = field(name);
  if (input.value === "") { field("start").value = 0; field("last").value = 0; }
  else input.value = Math.min(Math.max(+input.value + by, 0), words.length - 1);
  if (+field("start").value > +field("last").value) field(name === "start" ? "last" : "start").value = input.value;
  show(false);
}
function relabel(n) { if (n < labels.length) { field("label").value = n; field("label").dispatchEvent(new Event("change")); } }

const whole = document.getElementById("whole");
const ACTS = {
  "next label": () => go(current + 1), "previous label": () => go(current - 1), accept: () => send(judges[current], "accept"), reject: () => send(judges[current], "reject"),
  "first word left": () => move("start", -1), "first word right": () => move("start", 1), "last word left": () => move("last", -1), "last word right": () => move("last", 1),
  correct: () => send(judges[current], judges[current].classList.contains("adding") ? "add" : "correct"), "missed one": () => go(judges.length - 1),
  "the same everywhere": () => send(judges[current], "everywhere"), "accept the rest, finish": () => send(whole, "accept-all-done"), finish: () => send(whole, "sentence-done"),
  skip: () => send(whole, "skip"), undo: () => send(whole, "undo"),
  "next sentence": () => document.querySelector("[data-act=next]")?.click(), "previous sentence": () => document.querySelector("[data-act=previous]")?.click(),
};

let sent = false;
document.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
addEventListener("pageshow", () => { sent = false; });
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const name = Object.keys(keys).find((each) => keys[each] === event.key);
  if (name) ACTS[name]();
  else if (/^[1-9]$/.test(event.key)) relabel(+event.key - 1);
  else if (event.key === "Enter" && event.target.classList.contains("judge")) ACTS.correct();
  else return;
  event.preventDefault();
});

judges.forEach((each, n) => {
  each.addEventListener("focusin", () => { current = n; show(false); });
  each.addEventListener("input", () => show(false));
});
let from = null;
words.forEach((word, n) => {
  word.addEventListener("pointerdown", (event) => { from = n; event.preventDefault(); });
  word.addEventListener("pointerup", () => {
    if (from === null) return;
    field("start").value = Math.min(from, n);
    field("last").value = Math.max(from, n);
    from = null;
    show();
  });
});

const listed = document.getElementById("keys");
listed.replaceChildren(...Object.keys(PLAIN).map((name) => {
  const label = document.createElement("label"), input = document.createElement("input");
  Object.assign(input, { value: keys[name], maxLength: 1, size: 1 });
  input.addEventListener("change", () => { keys[name] = input.value || PLAIN[name]; input.value = keys[name]; localStorage.setItem(KEPT, JSON.stringify(keys)); });
  label.append(input, ` ${name}`);
  return label;
}), Object.assign(document.createElement("span"), { textContent: `1–${Math.min(labels.length, 9)}: ${labels.slice(0, 9).join(", ")}` }));
show(!document.querySelector(".flash.bad"));
