// Lines between linked words, and what is chosen: a page without this has all of it as tables.
"use strict";

const pairs = [...document.querySelectorAll(".pair")].map((box) => {
  const [source, target] = ["s", "t"].map((role) => [...box.querySelector(`[data-role=${role}]`).children]);
  return { box, source, target, svg: box.querySelector("svg"), links: JSON.parse(box.dataset.links), lasting: box.classList.contains("lasting") };
});
let chosen = [];

const isLabelled = (pair, i, j) => pair.source[i].classList.contains("span") && pair.target[j].classList.contains("span");

function draw() {
  pairs.forEach((pair, number) => {
    const frame = pair.box.getBoundingClientRect();
    const lines = pair.links.filter(([i, j]) => pair.source[i] && pair.target[j]).flatMap(([i, j, strength]) => {
      const strong = chosen.some((one) => one.pair === number && one.has(i, j));
      if (!pair.lasting && !strong) return [];
      const from = pair.source[i].getBoundingClientRect(), to = pair.target[j].getBoundingClientRect();
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      const ends = { x1: from.x + from.width / 2 - frame.x, y1: from.bottom - frame.y + 1, x2: to.x + to.width / 2 - frame.x, y2: to.y - frame.y - 1 };
      if (isLabelled(pair, i, j)) ends.y2 -= pair.target[j].classList.contains("first") ? 9 : 0;
      for (const [name, value] of Object.entries(ends)) line.setAttribute(name, value.toFixed(1));
      line.setAttribute("opacity", Math.max(0.15, strength * (isLabelled(pair, i, j) ? 0.9 : 0.55)).toFixed(2));
      const hue = isLabelled(pair, i, j) ? [...pair.source[i].classList].find((name) => name.startsWith("hue-")) : "";
      line.setAttribute("class", [isLabelled(pair, i, j) ? "entity" : "", hue || "", strong ? "strong" : ""].join(" ").trim());
      return [line];
    });
    pair.svg.replaceChildren(...lines);
  });
}

function choose(places) {
  chosen = places;
  pairs.forEach((pair, number) => {
    const mine = places.filter((one) => one.pair === number);
    const near = new Set(pair.links.filter(([i, j]) => mine.some((one) => one.has(i, j))).flatMap(([i, j]) => [pair.source[i], pair.target[j]]));
    for (const word of [...pair.source, ...pair.target]) word.classList.toggle("near", near.has(word));
  });
  draw();
}

pairs.forEach((pair, number) => {
  [["source", 0], ["target", 1]].forEach(([side, at]) => pair[side].forEach((word, n) => {
    word.addEventListener("pointerenter", () => choose([{ pair: number, has: (...link) => link[at] === n }]));
    word.addEventListener("pointerleave", () => showRow());
  }));
});

const rows = [...document.querySelectorAll("table.labels tbody > tr[data-start]")];
let at = -1;

function showRow() {
  const row = rows[at];
  rows.forEach((each) => each.classList.toggle("chosen", each === row));
  const start = row ? +row.dataset.start : 0, end = row ? +row.dataset.end : 0;
  for (const { target } of pairs) target.forEach((word, n) => word.classList.toggle("chosen", n >= start && n < end));
  const sides = row ? JSON.parse(row.dataset.sides) : [];
  choose(sides.map(([number, first, last]) => ({ pair: number, has: (i) => i >= first && i < last })));
}

function goTo(next) {
  at = Math.min(Math.max(next, 0), rows.length - 1);
  showRow();
  rows[at]?.focus({ preventScroll: false });
}

rows.forEach((row, n) => row.addEventListener("click", () => { at = n; showRow(); }));
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (document.body.dataset.keys === "review") return;
  const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
  if (event.key === "j") goTo(at + 1);
  else if (event.key === "k") goTo(at - 1);
  else if (event.key === "Enter" && event.target === rows[at]) rows[at].querySelectorAll("details").forEach((each) => { each.open = !each.open; });
  else if (link) location.href = link.href;
  else return;
  event.preventDefault();
});

document.querySelectorAll("select[data-submit]").forEach((each) => each.addEventListener("change", () => each.form.requestSubmit()));
document.querySelectorAll(".side").forEach((side) => new ResizeObserver(draw).observe(side));
document.fonts?.ready.then(draw);
if (pairs.length) draw();

const live = document.getElementById("live");
async function refresh() {
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.ok) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (!fresh) return location.reload();
    live.replaceChildren(...fresh.childNodes);
    live.dataset.refresh = fresh.dataset.refresh;
  }
  setTimeout(refresh, +live.dataset.refresh);
}
if (live) setTimeout(refresh, +live.dataset.refresh);

const again = document.querySelector("a[data-again]");
if (again) setTimeout(() => location.replace(again.href), +again.dataset.again);
