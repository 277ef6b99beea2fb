// The page's words: loaded once, put where the page asks for them with data-text and data-label.

let words = {};

export async function loadStrings() {
  while (!words.language) {
    try {
      words = await (await fetch("/strings")).json();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000)); // the server is just being started again
    }
  }
  document.documentElement.lang = words.language;
  document.title = words.title;
  fill(document);
}

// The words for a key, with {0}, {1} filled in.
export function text(key, ...values) {
  return (words[key] ?? key).replace(/\{(\d)\}/g, (_, place) => values[place] ?? "");
}

export function fill(root) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", text(element.dataset.label));
}
