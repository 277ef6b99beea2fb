// One line at the bottom of the screen, for a few seconds.

const SECONDS = 4;
let timer = 0;

export function notice(words) {
  clearTimeout(timer);
  document.getElementById("notice").textContent = words;
  timer = setTimeout(() => notice(""), SECONDS * 1000);
}
