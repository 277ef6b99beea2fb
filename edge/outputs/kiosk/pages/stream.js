// The live connection: newest things in, and the truth about whether they are live.
//
// The server speaks at least once a second. A page that hears nothing for SILENCE is cut off, whatever the browser
// believes, and begins again; so is one whose computer slept.

const SILENCE = 3500;
const FIRST_RETRY = 250;
const LAST_RETRY = 2000;

export class Stream {
  // onNews(message) for every message; onLive(yes) when the connection comes or goes.
  constructor(onNews, onLive) {
    this.onNews = onNews;
    this.onLive = onLive;
    this.retry = FIRST_RETRY;
    this.pages = null;
    this.heard = performance.now();
    this.connect();
    setInterval(() => this.check(), 500);
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = null;
    this.source = new EventSource("/events");
    this.heard = performance.now();
    this.source.onmessage = (event) => this.hear(JSON.parse(event.data));
    this.source.onerror = () => this.lose();
  }

  hear(message) {
    this.heard = performance.now();
    this.retry = FIRST_RETRY;
    if (message.pages) {
      if (this.pages && message.pages !== this.pages) return location.reload();
      this.pages = message.pages;
    }
    this.onLive(true);
    this.onNews(message);
  }

  lose() {
    this.source.close();
    this.onLive(false);
    if (this.timer) return;
    this.timer = setTimeout(() => this.connect(), this.retry);
    this.retry = Math.min(this.retry * 1.6, LAST_RETRY);
  }

  check() {
    if (!this.timer && performance.now() - this.heard > SILENCE) this.lose();
  }
}
