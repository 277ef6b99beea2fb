// The page for the people in front of the camera: paints the newest of everything, once a frame.

import { act, listen } from "/static/actions.js";
import { Skeleton } from "/static/skeleton.js";
import { Stream } from "/static/stream.js";
import { loadStrings, text } from "/static/text.js";

const SHORT = 6; // characters of a caption that is shown as large as can be
const LONG = 16; // and of one that is shown smallest
const PAST = 2; // sentences before the last that are shown
const KEPT = 300; // characters of a caption that are painted: more than the screen holds
const SAY_AFTER = 1200; // ms without a new letter before a screen reader says the text
const OWN_WORDS = ["on-cpu", "building"]; // states whose reason is for the operator: the signer gets other words

const part = (id) => document.getElementById(id);
const shown = { live: false, started: false };
let news = {};
let asked = false;
let caption = "";
let skeleton;
let sayTimer = 0;

await loadStrings();
skeleton = new Skeleton(part("hands"));
listen();
new ResizeObserver(paintPast).observe(part("reading"));
new Stream(hear, (live) => {
  if (shown.live !== live) {
    shown.live = live;
    later();
  }
});

function hear(message) {
  Object.assign(news, message);
  later();
}

function later() {
  if (asked) return;
  asked = true;
  if (document.hidden) setTimeout(paint);
  else requestAnimationFrame(paint);
}

function paint() {
  asked = false;
  const fresh = news;
  news = {};
  if ("live" in fresh) shown.moves = fresh.live;
  if ("state" in fresh) shown.state = fresh.state;
  if ("sign" in fresh) shown.sign = fresh.sign;
  if ("state" in fresh || "sign" in fresh) paintState(shown.state);
  if ("beside" in fresh) paintBeside((shown.beside = fresh.beside));
  if ("caption" in fresh) paintCaption(fresh.caption);
  if ("sentence" in fresh) paintSentence(fresh.sentence);
  if ("past" in fresh) shown.past = fresh.past;
  if ("past" in fresh || "sentence" in fresh || "caption" in fresh) paintPast();
  if ("guess" in fresh) paintGuess(fresh.guess);
  if ("hands" in fresh) skeleton.draw(fresh.hands);
  if ("suggestions" in fresh || "action" in fresh || "sign" in fresh) paintSuggestions(fresh);
  if ("action" in fresh) press(fresh.action);
  paintCurtain();
}

function paintState(state) {
  const [words, detail] = stateWords(state);
  document.body.dataset.state = state.name;
  part("shape").setAttribute("href", `#shape-${state.name}`);
  set("state-words", words);
  set("state-detail", detail);
}

function stateWords(state) {
  const named = state.alternatives.map(([label]) => label);
  if (state.name === "unsure" && named.length > 1) return [text("state.unsureBetween", ...named), text("state.unsure")];
  if (state.name === "unsure") return [text("state.unsure"), ""];
  if (state.name === "sure") return shown.sign ? [text("state.sure"), shown.sign.label] : [text("state.sureAlone"), ""];
  if (state.name === "camera-lost") return [text("state.camera-lost"), text("state.camera-lost.detail")];
  return [text(`state.${state.name}`), ""];
}

function paintBeside(states) {
  part("beside").hidden = !states.length;
  part("beside").classList.toggle("many", states.length > 1); // then without the reasons, which the operator has
  part("beside").replaceChildren(...states.map((state) => {
    const line = document.createElement("li");
    line.dataset.state = state.name;
    const words = document.createElement("p");
    words.append(made("strong", text(`beside.${state.name}`)), made("span", OWN_WORDS.includes(state.name) ? text(`beside.${state.name}.detail`) : state.detail));
    line.append(shape(`#shape-${state.name}`), words);
    return line;
  }));
}

function shape(href) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("class", "shape");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", href);
  svg.append(use);
  return svg;
}

function paintCaption(whole) {
  const same = shown.captioned && whole.startsWith(caption) && caption !== whole;
  shown.captioned = true;
  const before = same ? caption : whole;
  const start = Math.max(whole.length - KEPT, 0);
  set("settled", whole.slice(start, before.length));
  set("fresh", whole.slice(Math.max(before.length, start)));
  part("fresh").classList.toggle("new", false);
  void part("fresh").offsetWidth; // a new letter begins its appearance anew
  part("fresh").classList.toggle("new", same);
  caption = whole;
  part("caption").className = whole.length > LONG ? "long" : whole.length > SHORT ? "middling" : "";
  part("caption").hidden = !whole;
  part("hint").hidden = Boolean(whole);
  part("caption").scrollTop = part("caption").scrollHeight; // the newest line stays in view
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => set("said", whole.slice(-KEPT)), SAY_AFTER);
  enable();
}

function paintSentence(sentence) {
  part("sentence").hidden = !sentence;
  set("sentence", sentence ? sentence.text : "");
}

// What was said before; the last sentence stands by itself while it is shown.
function paintPast() {
  const past = shown.past ?? [];
  const before = part("sentence").hidden ? past : past.slice(0, -1);
  part("past").replaceChildren(...before.slice(-PAST).map((sentence) => made("li", sentence)));
  // What has no room is left out rather than cut.
  const top = part("reading").getBoundingClientRect().top;
  while (part("past").firstChild && part("past").getBoundingClientRect().top < top) part("past").firstChild.remove();
}

function paintGuess(guess) {
  part("guess").toggleAttribute("data-empty", !guess);
  if (!guess) return;
  set("guess-label", guess.label);
  set("guess-percent", `${Math.round(guess.confidence * 100)} %`);
  part("guess-share").value = guess.confidence;
}

function paintSuggestions(fresh) {
  if (fresh.suggestions) shown.words = fresh.suggestions.words;
  if (fresh.sign) shown.undone = false; // what was taken away has been written over
  if (fresh.action) shown.undone = ["clear", "undo-letter", "undo-word"].includes(fresh.action.name);
  const buttons = (shown.words ?? []).slice(0, 3).map((word) => button(word, "complete", word));
  if (shown.undone) {
    const back = button(text("restore"), "restore");
    back.className = "back";
    back.setAttribute("aria-keyshortcuts", "Control+Z");
    buttons.push(back);
  }
  part("suggestions").replaceChildren(...buttons);
}

function made(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

function button(words, name, value = "") {
  const element = made("button", words);
  element.type = "button";
  element.addEventListener("click", (event) => act(name, event.detail ? "touch" : "key", value));
  return element;
}

function press(action) {
  const pressed = document.querySelector(`[data-action="${action?.name}"]`);
  if (!pressed || shown.action === action.n) return;
  const first = shown.action === undefined;
  shown.action = action.n;
  if (first) return; // it was done before this page was open
  pressed.classList.add("pressed");
  setTimeout(() => pressed.classList.remove("pressed"), 250);
}

// Nothing that may be untrue stands uncovered.
function paintCurtain() {
  const why = curtain();
  shown.started ||= shown.live;
  part("curtain").hidden = !why;
  if (why === shown.curtain) return;
  for (const section of document.querySelectorAll("header, main, #suggestions, #actions")) section.inert = Boolean(why);
  if (why === "lost") forget();
  if (why) {
    document.body.dataset.curtain = why;
    part("curtain-shape").setAttribute("href", `#shape-${why}`);
    set("curtain-words", text(`curtain.${why}`));
    set("curtain-detail", text(`curtain.${why}.detail`));
    set("curtain-fault", why === "safe-mode" ? shown.state.detail : "");
  } else delete document.body.dataset.curtain;
  shown.curtain = why;
  enable();
}

function curtain() {
  if (!shown.live) return shown.started ? "lost" : "starting";
  if (!shown.moves) return "stalled";
  const name = shown.state?.name ?? "starting";
  if (name === "starting" && shown.beside?.some((state) => state.name === "building")) return "building";
  return name === "starting" || name === "safe-mode" ? name : null;
}

// A server that comes back tells everything anew; what it does not tell is gone.
function forget() {
  Object.assign(shown, { beside: [], sign: null, words: [], undone: false, action: undefined, past: [], captioned: false });
  paintPast();
  paintCaption("");
  paintGuess(null);
  skeleton.draw(null);
  paintBeside([]);
  paintSuggestions({});
}

function enable() {
  for (const each of document.querySelectorAll("[data-action]")) each.disabled = Boolean(shown.curtain) || !caption;
}

function set(id, words) {
  const element = part(id);
  if (element.textContent !== words) element.textContent = words;
}
