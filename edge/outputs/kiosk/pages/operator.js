// The operator's page. The token stays in this page's memory: whoever loads the page again is asked again.

import { post } from "/static/api.js";
import { notice } from "/static/notice.js";
import { loadStrings, text } from "/static/text.js";

const EVERY = 2000; // ms between two reports
const PICTURE_EVERY = 300;
const IDLE = 10 * 60 * 1000; // ms without a touch or key after which the door closes
const SURE_WITHIN = 4000; // ms within which a button must be pressed again

const part = (id) => document.getElementById(id);
let token = null;
let report = null;
let filled = false;
let touched = performance.now();

await loadStrings();
part("door").addEventListener("submit", (event) => {
  event.preventDefault();
  token = part("token").value.trim();
  part("token").value = "";
  refresh();
});
part("settings").addEventListener("submit", save);
part("switch").addEventListener("click", async () => {
  await ask("preview", { on: !report.preview });
  await refresh();
  picture();
});
twice(part("restart"), () => ask("restart"));
twice(part("rollback"), () => ask("rollback"));
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => (touched = performance.now()));
setInterval(refresh, EVERY);
setInterval(() => report?.preview && picture(), PICTURE_EVERY);

// The answer, or null when it is none; a wrong token closes the door.
async function ask(name, body = {}) {
  try {
    const answer = await post(`/operator/${name}`, body, { Authorization: `Bearer ${token}` });
    if (answer.ok) return answer;
    if (answer.status === 401) close(text("operator.wrong"));
    else notice((await answer.json()).error);
  } catch {
    notice(text("operator.gone"));
  }
  return null;
}

async function refresh() {
  if (!token) return;
  if (performance.now() - touched > IDLE) return close("");
  const answer = await ask("report");
  if (!answer) return;
  report = await answer.json();
  part("door").hidden = true;
  part("desk").hidden = false;
  paint();
}

function close(why) {
  token = report = null;
  filled = false;
  part("door").hidden = false;
  part("desk").hidden = true;
  notice(why);
  part("token").focus();
}

function paint() {
  const { health, bundle, settings, previous = bundle.previous } = report;
  const size = (bytes) => `${Math.round(bytes / 1e6).toLocaleString()} MB`;
  const known = (value, unit = "") => (value === null ? text("health.unknown") : `${value}${unit}`);
  part("notes").hidden = !report.beside.length;
  define("beside", report.beside.map(([name, detail]) => [`beside.${name}`, detail]));
  define("health", [
    ["health.model", health.model || text("health.unknown")],
    ["health.temperature", known(health.temperature, "\u00a0°C")],
    ["health.limits", health.limits.join(", ") || text("health.nothing")],
    ["health.fps", known(health.fps)],
    ["health.total_ms", known(health.total_ms, "\u00a0ms")],
    ["health.dropped", health.dropped],
    ["health.memory", size(health.memory_available)],
    ["health.disk", size(health.disk_free)],
    ["health.up", `${Math.floor(report.seconds / 3600)} h ${Math.floor(report.seconds / 60) % 60} min`],
  ]);
  part("bundle-title").textContent = bundle.title ? `${bundle.title} ${bundle.state ?? ""}` : text("operator.none");
  list("bundle-lines", bundle.lines);
  part("previous").textContent = previous ? text("operator.previous", previous) : text("operator.noPrevious");
  part("rollback").disabled = !previous;
  part("restart").disabled = !report.supervised;
  part("switch").textContent = text(report.preview ? "operator.previewStop" : "operator.previewOn");
  part("preview-left").textContent = report.preview ? text("operator.previewLeft", report.preview) : text("operator.previewOff");
  if (!report.preview) part("preview").getContext("2d").clearRect(0, 0, 9999, 9999);
  const logs = part("logs");
  const below = logs.scrollHeight - logs.scrollTop - logs.clientHeight < 40;
  logs.textContent = report.logs.join("\n");
  if (below) logs.scrollTop = logs.scrollHeight;
  if (!filled) fillSettings(settings);
}

function fillSettings(settings) {
  filled = true;
  part("source").replaceChildren(...report.cameras.map(([value, words]) => new Option(words, value)));
  part("source").value = settings.source;
  for (const name of ["confidence", "moving_confidence"]) {
    [part(name).min, part(name).max] = report.range;
    part(name).value = settings[name];
  }
}

async function save(event) {
  event.preventDefault();
  const wanted = { confidence: Number(part("confidence").value), moving_confidence: Number(part("moving_confidence").value) };
  if (part("source").value !== report.settings.source) wanted.source = part("source").value;
  if (await ask("change", wanted)) notice(text("operator.saved"));
  filled = false;
}

async function picture() {
  const answer = await ask("picture");
  if (!answer || answer.status === 204) return;
  const image = await createImageBitmap(await answer.blob());
  const canvas = part("preview");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  image.close();
}

// A button that does nothing before it has been pressed a second time.
function twice(button, done) {
  const words = () => text(button.dataset.text);
  button.addEventListener("click", async () => {
    if (button.dataset.sure) {
      delete button.dataset.sure;
      button.textContent = words();
      if (await done()) notice(text("operator.done"));
      return;
    }
    button.dataset.sure = "yes";
    button.textContent = text("operator.again");
    setTimeout(() => {
      delete button.dataset.sure;
      button.textContent = words();
    }, SURE_WITHIN);
  });
}

function define(id, rows) {
  part(id).replaceChildren(...rows.flatMap(([key, value]) => {
    const term = document.createElement("dt");
    const said = document.createElement("dd");
    term.textContent = text(key);
    said.textContent = value;
    return [term, said];
  }));
}

function list(id, lines) {
  part(id).replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}
