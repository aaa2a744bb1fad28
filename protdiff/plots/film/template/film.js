// A film of a fold that appears from coarse to fine, on a page of its own: the fold to be turned, the
// wave at the cut-off below it, a slider, and a button that plays and stops.
"use strict";

const film = JSON.parse(document.getElementById("film").textContent),
  places = numbersOf(film.traces, film.unit),
  residues = film.chains.length,
  frames = film.periods.length;
const RINGS = 6,
  AROUND = 14,
  INK = "#21242e";
const node = (id) => document.getElementById(id);

function pointAt(frame, row) {
  const k = 3 * (frame * residues + row);
  return [places[k], places[k + 1], places[k + 2]];
}

// Rings of a piece: centre, width and thickness; ends are round, whatever the distance of residues.
function ringsOf(trace, states, [detail, radius]) {
  const guide = guides(trace, states),
    last = trace.length - 1,
    rings = [];
  let path = 0;
  for (let n = 0; n <= last * RINGS; n++) {
    const t = n / RINGS,
      centre = spline(guide.centre, t);
    if (n) path += Math.hypot(...minus(centre, rings[n - 1].centre));
    const size = sizeAt(guide, Math.min(Math.max(t, 0.15), last - 0.15), last);
    const [wide, thick] = size.map((x, k) => Math.max(radius, COIL[k] + detail * (x - COIL[k])));
    rings.push({ t, centre, path, side: spline(guide.side, t), wide, thick });
  }
  const cap = Math.max(rings[0].wide, rings[rings.length - 1].wide);
  rings.forEach((ring, n) => {
    const near = Math.min(1, Math.min(ring.path, path - ring.path) / cap),
      round = Math.sqrt(1 - (1 - near) ** 2);
    const before = rings[Math.max(0, n - 1)].centre,
      after = rings[Math.min(rings.length - 1, n + 1)].centre;
    ring.tangent = unit(minus(after, before));
    ring.wide *= round;
    ring.thick *= round;
  });
  return rings;
}

// Positions, normals and colours of a frame.
function arraysAt(frame) {
  const mesh = meshOf(frame),
    arrays = arraysOf(mesh, film, film.stops),
    tints = [];
  for (const { rows, colors } of film.pieces) rows.forEach((row, k) => (tints[row] = colors[k]));
  arrays.tint = new Float32Array(mesh.residue.flatMap((row) => tints[row]));
  return arrays;
}

// Triangles of a frame, as `ribbonMesh` makes them of a structure.
function meshOf(frame) {
  const mesh = { x: [], y: [], z: [], i: [], j: [], k: [], residue: [] };
  for (const { rows, states } of film.pieces) {
    const rings = ringsOf(rows.map((row) => pointAt(frame, row)), states, film.looks[frame]);
    rings.forEach(({ t, centre, side, tangent, wide, thick }, ring) => {
      const along = dot(side, tangent),
        across = unit(side.map((x, k) => x - along * tangent[k])),
        up = cross(tangent, across),
        start = mesh.x.length;
      for (let n = 0; n < AROUND; n++) {
        const angle = (2 * Math.PI * n) / AROUND,
          c = Math.cos(angle) * wide,
          s = Math.sin(angle) * thick;
        mesh.x.push(centre[0] + c * across[0] + s * up[0]);
        mesh.y.push(centre[1] + c * across[1] + s * up[1]);
        mesh.z.push(centre[2] + c * across[2] + s * up[2]);
        mesh.residue.push(rows[Math.round(t)]);
        if (!ring) continue;
        const a = start + n,
          b = start + ((n + 1) % AROUND);
        mesh.i.push(a, b);
        mesh.j.push(a - AROUND, a - AROUND);
        mesh.k.push(b, b - AROUND);
      }
    });
  }
  return mesh;
}

// The wave at the cut-off along the chain, and its wavelength as a scale bar.
function drawStrip(frame) {
  const canvas = node("strip"),
    dots = globalThis.devicePixelRatio || 1,
    width = canvas.clientWidth,
    height = canvas.clientHeight;
  Object.assign(canvas, { width: width * dots, height: height * dots });
  const page = canvas.getContext("2d");
  page.scale(dots, dots);
  const edge = 24,
    span = width - 2 * edge,
    period = film.periods[frame],
    wave = period === null ? Infinity : Math.max(period, film.finest);
  const colour = (share) => `rgb(${mixed(film.stops, share).map((x) => Math.round(255 * x))})`;
  page.lineWidth = 2;
  page.lineCap = "round";
  const steps = Math.max(400, 24 * film.length),
    height_at = (share) => (period === null ? 28 : 28 - 20 * Math.cos((2 * Math.PI * share * film.length) / wave));
  for (let n = 0; n < steps; n++) {
    page.beginPath();
    page.strokeStyle = colour((n + 0.5) / steps);
    page.moveTo(edge + (span * n) / steps, height_at(n / steps));
    page.lineTo(edge + (span * (n + 1)) / steps, height_at((n + 1) / steps));
    page.stroke();
  }
  page.font = "bold 14px system-ui, sans-serif";
  page.textAlign = "center";
  page.textBaseline = "middle";
  for (const [letter, x, share] of [["N", 9, 0], ["C", width - 9, 1]]) {
    page.fillStyle = colour(share);
    page.fillText(letter, x, 28);
  }
  if (period === null) return;
  const shown = (span * Math.min(wave, film.length)) / film.length,
    level = 66;
  page.strokeStyle = INK;
  page.lineCap = "butt";
  page.beginPath();
  page.moveTo(edge, level);
  page.lineTo(edge + shown, level);
  for (const x of wave <= film.length ? [0, shown] : [0]) {
    page.moveTo(edge + x, level - 6);
    page.lineTo(edge + x, level + 6);
  }
  page.stroke();
}

function describe(frame) {
  const period = film.periods[frame],
    wave = Math.max(period ?? 0, film.finest);
  const size = wave >= 10 ? wave.toFixed(0) : wave.toFixed(1);
  const fine = wave === film.finest ? "2 residues: all detail" : `${size} residues`;
  node("wavelength").textContent = period === null ? film.unknown : `Wavelength ${fine}`;
  node("modes").textContent = period === null ? "" : `${film.modes[frame]} of ${film.length - 1} modes`;
}

function start() {
  const painter = makePainter(),
    canvas = node("fold"),
    slider = node("frame"),
    button = node("play");
  if (!painter) {
    node("wavelength").textContent = "This browser has no WebGL; a film that ends in .gif needs none.";
    return;
  }
  const models = [],
    upright = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  let turn = upright,
    radius = 3,
    timer = 0;
  for (let k = 0; k < places.length; k += 3)
    radius = Math.max(radius, 2.5 + Math.hypot(places[k], places[k + 1], places[k + 2]));

  function draw() {
    const frame = Number(slider.value),
      dots = globalThis.devicePixelRatio || 1,
      width = Math.round(canvas.clientWidth * dots),
      height = Math.round(canvas.clientHeight * dots);
    if (!width || !height || painter.lost()) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    models[frame] ??= painter.load(arraysAt(frame));
    const scale = Math.min(width, height) / (2 * radius);
    const picture = painter.paint(
      models[frame], turn, [(2 * scale) / width, (2 * scale) / height, 1 / radius], width, height,
    );
    canvas.getContext("2d").drawImage(picture, 0, 0);
    drawStrip(frame);
    describe(frame);
    document.body.dataset.drawn = frame;
  }
  function show(frame) {
    slider.value = frame;
    draw();
  }
  function stop() {
    clearTimeout(timer);
    timer = 0;
    button.textContent = "Play";
  }
  function play() {
    const next = (Number(slider.value) + 1) % frames;
    button.textContent = "Pause";
    timer = setTimeout(() => {
      show(next);
      play();
    }, next ? film.moving : film.pause); // the last frame stays for a while
  }
  button.addEventListener("click", () => (timer ? stop() : play()));
  slider.addEventListener("input", () => {
    stop();
    draw();
  });
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (!(event.buttons & 1)) return;
    turn = turned(turn, DRAG * event.movementX, DRAG * event.movementY);
    draw();
  });
  canvas.addEventListener("dblclick", () => {
    turn = upright;
    draw();
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Home" && !KEYS[event.key]) return;
    event.preventDefault();
    turn = event.key === "Home" ? upright : turned(turn, ...KEYS[event.key]);
    draw();
  });
  new ResizeObserver(draw).observe(canvas);
  slider.max = frames - 1;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  show(calm ? frames - 1 : 0);
  if (!calm) play();
}
start();
