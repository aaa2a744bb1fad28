// Ribbons in the output of a notebook cell, turned by dragging or with the arrow keys. One WebGL
// context draws those of all cells: browsers keep about sixteen, and drop the oldest of more.
"use strict";

const SHADER = `#version 300 es
  in vec3 position, normal, tint;
  uniform mat3 turn;
  uniform vec3 scale;
  uniform float grow;
  out vec3 facing, colour;
  out float depth;
  void main() {
    vec3 place = turn * (position + grow * normal);
    facing = turn * normal;
    colour = tint;
    depth = 0.5 - 0.5 * place.z * scale.z;
    gl_Position = vec4(place.xy * scale.xy, -0.9 * place.z * scale.z, 1.0);
  }`;
// Light, fog and outlines as in the pictures of the package (ribbons.py).
const SHADES = `#version 300 es
  precision highp float;
  in vec3 facing, colour;
  in float depth;
  uniform bool outline;
  out vec4 pixel;
  void main() {
    vec3 n = normalize(facing);
    float diffuse = max(dot(n, vec3(-0.43, 0.55, 0.72)), 0.0);
    float gleam = pow(max(dot(n, vec3(-0.23, 0.30, 0.925)), 0.0), 30.0);
    vec3 lit = outline ? vec3(0.13, 0.14, 0.18) : colour * (0.57 + 0.49 * diffuse) + 0.18 * gleam;
    float fog = clamp(depth, 0.0, 1.0) * (outline ? 0.5 : 0.35);
    pixel = vec4(mix(lit, vec3(1.0), fog), 1.0);
  }`;
// Å by which the dark shape behind a ribbon stands out.
const OUTLINE = 0.13;
// Radians for a pixel of dragging, and for a key.
const DRAG = 0.011,
  KEYS = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, -0.2], ArrowDown: [0, 0.2] };

// Draws meshes into the canvases of views; null where there is no WebGL.
function makePainter() {
  const canvas = document.createElement("canvas"),
    gl = canvas.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, SHADER],
    [gl.FRAGMENT_SHADER, SHADES],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const uniform = (name) => gl.getUniformLocation(program, name);
  gl.enable(gl.DEPTH_TEST);
  gl.enable(gl.CULL_FACE);
  gl.clearColor(1, 1, 1, 1);

  function load(mesh) {
    const arrays = gl.createVertexArray();
    gl.bindVertexArray(arrays);
    for (const name of ["position", "normal", "tint"]) {
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, mesh[name], gl.STATIC_DRAW);
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mesh.triangles, gl.STATIC_DRAW);
    return { arrays, count: mesh.triangles.length };
  }

  function paint(model, turn, scale, width, height) {
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.bindVertexArray(model.arrays);
    gl.uniformMatrix3fv(uniform("turn"), true, turn.flat());
    gl.uniform3fv(uniform("scale"), scale);
    for (const outline of [true, false]) {
      gl.cullFace(outline ? gl.FRONT : gl.BACK);
      gl.uniform1i(uniform("outline"), outline);
      gl.uniform1f(uniform("grow"), outline ? OUTLINE : 0);
      gl.drawElements(gl.TRIANGLES, model.count, gl.UNSIGNED_INT, 0);
    }
    return canvas;
  }
  return { load, paint, lost: () => gl.isContextLost() };
}

// Positions, normals and colours of a mesh, as WebGL takes them.
function arraysOf(mesh, structure, stops) {
  const count = mesh.x.length,
    out = { position: new Float32Array(3 * count), normal: new Float32Array(3 * count) };
  const { position, normal } = out;
  for (let n = 0; n < count; n++) position.set([mesh.x[n], mesh.y[n], mesh.z[n]], 3 * n);
  out.triangles = new Uint32Array(3 * mesh.i.length);
  const point = (n) => [mesh.x[n], mesh.y[n], mesh.z[n]];
  for (let n = 0; n < mesh.i.length; n++) {
    const corners = [mesh.i[n], mesh.j[n], mesh.k[n]],
      [a, b, c] = corners.map(point);
    const across = cross(minus(b, a), minus(c, a));
    out.triangles.set(corners, 3 * n);
    for (const corner of corners) for (let i = 0; i < 3; i++) normal[3 * corner + i] += across[i];
  }
  for (let n = 0; n < count; n++) normal.set(unit([...normal.subarray(3 * n, 3 * n + 3)]), 3 * n);
  const sizes = {},
    place = structure.chains.map((chain) => (sizes[chain] = (sizes[chain] ?? -1) + 1));
  const tints = place.map((k, n) => mixed(stops, k / Math.max(1, sizes[structure.chains[n]])));
  out.tint = new Float32Array(mesh.residue.flatMap((k) => tints[k]));
  return out;
}

// A colour between stops, as shares of red, green and blue.
function mixed(stops, share) {
  const place = share * (stops.length - 1),
    k = Math.min(Math.floor(place), stops.length - 2);
  const part = (colour, n) => parseInt(colour.slice(1 + 2 * n, 3 + 2 * n), 16) / 255;
  return [0, 1, 2].map((n) => part(stops[k], n) + (place - k) * (part(stops[k + 1], n) - part(stops[k], n)));
}

const product = (a, b) => a.map((row) => [0, 1, 2].map((n) => row[0] * b[0][n] + row[1] * b[1][n] + row[2] * b[2][n]));

// A turn about the vertical and then the horizontal axis of the page.
function turned(turn, right, down) {
  const [c, s, d, t] = [Math.cos(right), Math.sin(right), Math.cos(down), Math.sin(down)];
  const vertical = [[c, 0, s], [0, 1, 0], [-s, 0, c]],
    horizontal = [[1, 0, 0], [0, d, -t], [0, t, d]];
  return product(product(horizontal, vertical), turn);
}

// One structure on its canvas.
function makeView(canvas, structure, painter, longest, stops) {
  const model = painter.load(arraysOf(ribbonMesh(structure, longest), structure, stops)),
    start = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  let turn = start,
    waiting = false,
    radius = 0;
  const point = (k) => [...structure.ca.slice(3 * k, 3 * k + 3)];
  for (let k = 0; k < structure.chains.length; k++) radius = Math.max(radius, Math.hypot(...point(k)));
  radius += 2.5; // the ribbon is about that much wider than the trace

  function draw() {
    waiting = false;
    const dots = Math.max(1, globalThis.devicePixelRatio || 1),
      width = Math.round(canvas.clientWidth * dots),
      height = Math.round(canvas.clientHeight * dots);
    // Out of view it is drawn when its size changes; a page of many contexts may have lost this one.
    if (!width || !height || painter.lost()) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const scale = Math.min(width, height) / (2 * radius); // pixels per Å
    const picture = painter.paint(
      model, turn, [(2 * scale) / width, (2 * scale) / height, 1 / radius], width, height,
    );
    const page = canvas.getContext("2d");
    page.drawImage(picture, 0, 0);
    page.font = `bold ${12 * dots}px sans-serif`;
    page.textAlign = "center";
    page.textBaseline = "middle";
    page.strokeStyle = "white";
    page.lineWidth = 3 * dots;
    const last = structure.chains.lastIndexOf(structure.chains[0]);
    for (const [letter, k, colour] of [["N", 0, stops[0]], ["C", last, stops[stops.length - 1]]]) {
      const [x, y] = turn.map((row) => dot(row, point(k))),
        away = (12 * dots) / (Math.hypot(x, y) + 1e-6); // on the far side of the middle
      const place = [width / 2 + (scale + away) * x, height / 2 - (scale + away) * y];
      page.strokeText(letter, ...place);
      page.fillStyle = colour;
      page.fillText(letter, ...place);
    }
    canvas.dataset.drawn = Number(canvas.dataset.drawn ?? 0) + 1;
  }
  function later(next) {
    if (next) turn = next;
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) later(turned(turn, DRAG * event.movementX, DRAG * event.movementY));
  });
  canvas.addEventListener("dblclick", () => later(start));
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Home" && !KEYS[event.key]) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would go to another cell
    later(event.key === "Home" ? start : turned(turn, ...KEYS[event.key]));
  });
  new ResizeObserver(() => later()).observe(canvas);
}

// Puts canvases in the place of the picture that is there where scripts are off. The data stand
// behind it, so that no picture comes after them while the page is still being read.
function fill(node) {
  const painter = (globalThis.protdiffPainter ??= makePainter());
  if (!painter) return; // no WebGL: the picture stays
  const { structures, stops, longest, width } = JSON.parse(node.dataset.protdiff);
  const figures = [];
  for (const { caption: words, ...stored } of structures) {
    const canvas = document.createElement("canvas"),
      caption = document.createElement("figcaption"),
      figure = document.createElement("figure");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Ribbon, ${words}. Drag or arrow keys turn it, Home turns it back.`);
    canvas.title = "drag to turn, double-click to turn back";
    canvas.style.cssText = "width:100%;aspect-ratio:6/5;background:white;cursor:grab;touch-action:pan-y";
    caption.textContent = words;
    figure.style.cssText = `margin:0;width:${width}px;max-width:100%;text-align:center;font-size:13px`;
    figure.append(canvas, caption);
    figures.push(figure);
    const structure = { ...residuesOf(stored.runs), ca: numbersOf(stored.ca, stored.unit), letters: stored.letters };
    makeView(canvas, structure, painter, longest, stops);
  }
  node.parentNode.replaceChildren(...figures);
}

// Nodes of this output and of earlier ones that are not filled yet. Some notebooks run the script
// before the output is in the page.
function fillAll(beside) {
  const nodes = new Set([...(beside?.querySelectorAll("[data-protdiff]") ?? [])]);
  for (const node of document.querySelectorAll("[data-protdiff]")) nodes.add(node);
  for (const node of nodes)
    if (!node.dataset.filled) {
      node.dataset.filled = "yes";
      fill(node);
    }
}
const output = document.currentScript?.parentNode;
fillAll(output);
requestAnimationFrame(() => fillAll(output));
