// Draws hands as the bones between 21 landmarks: never a picture.
//
// The view follows the hands slowly, so that a shape is large enough to be told from two metres and a movement is still
// seen as one. What the camera sees is darker than what it does not.

const FINGERS = [[0, 1, 2, 3, 4], [0, 5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [0, 17, 18, 19, 20]];
const PALM = [5, 9, 13, 17];
const TIPS = [4, 8, 12, 16, 20];
const NEAREST = 2.8; // how much the view may enlarge the picture
const ROOM = 1.9; // view around the hands, in sizes of the hands
const FOLLOW = 0.12; // of the way, each frame
const PATIENCE = 20; // frames without a hand after which the whole picture is shown
const WHOLE = { x: 0.5, y: 0.5, zoom: 1 };

export class Skeleton {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    this.colours = { left: style.getPropertyValue("--left-hand").trim(), right: style.getPropertyValue("--right-hand").trim() };
    this.ground = style.getPropertyValue("--seen").trim();
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.hands = null;
    this.view = WHOLE;
    this.without = 0; // frames since a hand was there
    new ResizeObserver(() => this.draw(this.hands)).observe(canvas);
  }

  // hands: {aspect, left, right} as the stream tells them, or null. Shown as in a mirror.
  draw(hands) {
    this.hands = hands;
    const scale = Math.min(devicePixelRatio, 2);
    const width = Math.round(this.canvas.clientWidth * scale);
    const height = Math.round(this.canvas.clientHeight * scale);
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    this.pen.clearRect(0, 0, width, height);
    if (!hands || !width || !height) return;
    this.follow(hands);
    // As large as fits, at the picture's own proportions.
    const tall = Math.min(height, width / hands.aspect) * this.view.zoom;
    const wide = tall * hands.aspect;
    const across = (x) => width / 2 - (x - this.view.x) * wide;
    const down = (y) => height / 2 + (y - this.view.y) * tall;
    this.pen.fillStyle = this.ground;
    this.pen.fillRect(across(1), down(0), wide, tall);
    const place = (points, i) => [across(points[2 * i] / 1000), down(points[2 * i + 1] / 1000)];
    for (const side of ["left", "right"]) if (hands[side]) this.hand(hands[side], place, this.colours[side], Math.min(width, height));
  }

  follow(hands) {
    const points = [...(hands.left ?? []), ...(hands.right ?? [])];
    this.without = points.length ? 0 : this.without + 1;
    if (this.without > PATIENCE) this.view = WHOLE;
    if (!points.length) return;
    const to = around(points, hands.aspect);
    if (this.view === WHOLE) this.view = to; // a hand that appears is shown near at once
    else if (!this.still.matches) this.view = between(this.view, to, FOLLOW);
    else if (!holds(this.view, points)) this.view = to;
  }

  hand(points, place, colour, tall) {
    const pen = this.pen;
    const thick = Math.max(tall / 50, 3);
    pen.lineCap = pen.lineJoin = "round";
    const lines = [...FINGERS, PALM].map((line) => line.map((i) => place(points, i)));
    // First wider in the ground's colour: crossed fingers stay apart.
    for (const [style, width] of [[this.ground, thick * 2], [colour, thick]]) {
      pen.strokeStyle = style;
      pen.lineWidth = width;
      for (const line of lines) {
        pen.beginPath();
        line.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
        pen.stroke();
      }
    }
    pen.fillStyle = colour;
    for (let i = 0; i < 21; i++) {
      const [x, y] = place(points, i);
      pen.beginPath();
      pen.arc(x, y, TIPS.includes(i) ? thick * 1.5 : thick, 0, 7);
      pen.fill();
    }
  }
}

function around(points, aspect) {
  const xs = points.filter((_, i) => i % 2 === 0).map((x) => x / 1000);
  const ys = points.filter((_, i) => i % 2 === 1).map((y) => y / 1000);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const size = Math.max(right - left, (bottom - top) / aspect, 0.01) * ROOM;
  return { x: (left + right) / 2, y: (top + bottom) / 2, zoom: Math.min(Math.max(1 / size, 1), NEAREST) };
}

function between(from, to, part) {
  const mix = (key) => from[key] + (to[key] - from[key]) * part;
  return { x: mix("x"), y: mix("y"), zoom: mix("zoom") };
}

function holds(view, points) {
  return points.every((value, i) => Math.abs(value / 1000 - (i % 2 ? view.y : view.x)) < 0.5 / view.zoom);
}
