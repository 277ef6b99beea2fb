// Touch and keys: what somebody may ask of the text. Every key is one that types no character, so that none is
// pressed by accident while somebody speaks to the page (WCAG 2.1.4).

import { post } from "/static/api.js";
import { notice } from "/static/notice.js";
import { text } from "/static/text.js";

export async function act(name, origin, value = "") {
  try {
    const answer = await post("/act", { name, origin, value });
    if (!answer.ok) notice(text(answer.status === 429 || answer.status === 503 ? "notice.busy" : "notice.failed"));
  } catch {
    notice(text("notice.failed"));
  }
}

export function listen() {
  for (const button of document.querySelectorAll("[data-action]"))
    button.addEventListener("click", (event) => act(button.dataset.action, event.detail ? "touch" : "key"));
  document.addEventListener("keydown", (event) => {
    const name = keyAction(event);
    const usable = name && !document.querySelector(`[data-action="${name}"]`)?.disabled;
    if (!usable) return;
    event.preventDefault();
    if (!event.repeat || name === "undo-letter") act(name, "key");
  });
}

function keyAction(event) {
  if (event.altKey || event.metaKey) return null;
  if (event.key === "Backspace") return event.ctrlKey ? "undo-word" : "undo-letter";
  if (event.key === "Delete") return "clear";
  if (event.key === "z" && event.ctrlKey) return "restore";
  if (event.target instanceof HTMLButtonElement) return null; // Enter and blank press the button itself
  if (event.key === "Enter") return event.shiftKey ? "speak" : "sentence";
  return event.key === " " ? "space" : null;
}
