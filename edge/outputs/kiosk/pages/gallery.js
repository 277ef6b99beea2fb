// The gallery: choose a sign, see it move, have it read, make a sentence of what was read.

import { post } from "/static/api.js";
import { notice } from "/static/notice.js";
import { Skeleton } from "/static/skeleton.js";
import { loadStrings, text } from "/static/text.js";

const KEPT = 30; // key words of one sentence

const part = (id) => document.getElementById(id);
let samples = [];
let words = []; // [label, kind]
let playing = 0;

await loadStrings();
const skeleton = new Skeleton(part("hands"));
part("sample").addEventListener("change", () => {
  playing++;
  skeleton.draw(null);
  for (const id of ["recorded", "label", "others"]) part(id).textContent = "";
});
part("show").addEventListener("click", show);
part("classify").addEventListener("click", classify);
part("translate").addEventListener("click", translate);
part("clear").addEventListener("click", () => {
  words = [];
  part("sentence").textContent = "";
  paintWords();
});
const listed = await answer(fetch("/gallery/samples"));
samples = listed?.samples ?? [];
part("sample").replaceChildren(...samples.map(({ label, source }, number) => new Option(`${label} (${source})`, number)));
for (const id of ["show", "classify"]) part(id).disabled = !samples.length;

async function answer(request) {
  try {
    const got = await request;
    const body = await got.json();
    if (got.ok) return body;
    notice(text("gallery.failed", body.error));
  } catch {
    notice(text("operator.gone"));
  }
  return null;
}

async function show() {
  const sample = samples[part("sample").value];
  const turn = ++playing;
  const animation = await answer(fetch(`/gallery/animation/${part("sample").value}`));
  if (!animation || turn !== playing) return;
  part("recorded").textContent = `${text("gallery.recorded", sample.label)}. ${text("gallery.source", sample.source)}.`;
  const begin = performance.now();
  const draw = (now) => {
    if (turn !== playing) return;
    const frame = Math.floor((Math.max(now - begin, 0) / 1000) * animation.fps) % animation.frames.length;
    skeleton.draw({ aspect: animation.aspect, ...animation.frames[frame] });
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
}

async function classify() {
  part("classify").disabled = true;
  const read = await answer(post("/gallery/classify", { sample: Number(part("sample").value) }));
  part("classify").disabled = false;
  if (!read) return;
  part("label").textContent = text("gallery.read", read.label, Math.round(read.confidence * 100));
  part("others").textContent = text("gallery.others", read.others.join(", "));
  words = [...words, [read.label, read.kind]].slice(-KEPT);
  paintWords();
}

async function translate() {
  const made = await answer(post("/gallery/sentence", { words }));
  if (made) part("sentence").textContent = made.text;
}

function paintWords() {
  part("words").replaceChildren(...words.map(([label]) => {
    const item = document.createElement("li");
    item.textContent = label;
    return item;
  }));
  part("empty").hidden = words.length > 0;
  for (const id of ["translate", "clear"]) part(id).disabled = !words.length;
}
