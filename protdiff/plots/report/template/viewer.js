// The ribbon in three dimensions, drawn by plotly.
"use strict";

const LIGHT = { ambient: 0.62, diffuse: 0.65, specular: 0.18, roughness: 0.55, fresnel: 0.08 };
const START = { eye: { x: 0, y: 0, z: 1.75 }, up: { x: 0, y: 1, z: 0 }, center: { x: 0, y: 0, z: 0 } };
// Size of a structure that fills the picture from the distance of START.
const FILLED = 1.3;
const QUIET = { displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false };

function makeViewer(node, longest, onResidue) {
  let meshes = [],
    structure = null,
    mark = null, // residue that is marked, and the one whose mark is in the picture
    drawn = null,
    listening = false;

  // `colours`: one for each residue, or one for all.
  function trace(mesh, colours) {
    const { residue, ...shape } = mesh;
    return {
      type: "mesh3d",
      ...shape,
      hoverinfo: "none",
      lighting: LIGHT,
      lightposition: { x: -3e4, y: 4e4, z: 6e4 },
      vertexcolor: typeof colours === "string" ? shape.x.map(() => colours) : residue.map((k) => colours[k]),
      flatshading: false,
    };
  }

  function layout() {
    const low = [Infinity, Infinity, Infinity],
      high = [-Infinity, -Infinity, -Infinity];
    for (const { ca } of [structure, structure.other ?? { ca: [] }])
      for (let n = 0; n < ca.length; n++) {
        low[n % 3] = Math.min(low[n % 3], ca[n]);
        high[n % 3] = Math.max(high[n % 3], ca[n]);
      }
    const half = low.map((x, n) => Math.max(8, (high[n] - x) / 2) + 3),
      shape = node.clientWidth / Math.max(1, node.clientHeight);
    const reach = Math.max(...half); // the axes hold all of it, and the picture is filled by what is seen
    const size = (FILLED * reach) / Math.max(half[1], half[0] / shape);
    const axis = (n) => ({
      visible: false,
      range: [(low[n] + high[n]) / 2 - reach, (low[n] + high[n]) / 2 + reach],
      showspikes: false,
    });
    return {
      margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "white",
      showlegend: false,
      uirevision: "same",
      hovermode: "closest",
      scene: {
        xaxis: axis(0),
        yaxis: axis(1),
        zaxis: axis(2),
        aspectmode: "manual",
        aspectratio: { x: size, y: size, z: size },
        dragmode: "orbit",
        camera: START,
        uirevision: "same",
        hovermode: "closest",
      },
    };
  }

  const place = () => (mark === null ? null : structure.ca.slice(3 * mark, 3 * mark + 3));

  function drawMark() {
    if (!structure || !node.data || drawn === mark) return;
    drawn = mark;
    const { x, y, z } = ball(place());
    Plotly.restyle(node, { x: [x], y: [y], z: [z] }, [node.data.length - 1]);
  }

  async function draw(colours, withOther) {
    if (!structure) return;
    const traces = [trace(meshes[0], colours)];
    if (meshes[1] && withOther) traces.push(trace(meshes[1], OTHER));
    traces.push({ ...trace(ball(place()), INK), hoverinfo: "skip" });
    drawn = mark;
    await Plotly.react(node, traces, layout(), QUIET);
    if (listening) return;
    listening = true;
    for (const first of node.querySelectorAll(":scope > canvas.preview, :scope > p")) first.remove();
    node.on("plotly_hover", ({ points: [point] }) => {
      if (point.curveNumber === 0) onResidue(meshes[0].residue[point.pointNumber]);
    });
  }

  return {
    async show(next, colours, withOther) {
      structure = next;
      mark = null;
      meshes = [ribbonMesh(structure, longest)];
      if (structure.other) meshes.push(ribbonMesh(structure.other, longest, 0.7));
      await draw(colours, withOther);
    },
    draw,
    // Until plotly is there.
    preview(next, colours) {
      if (!structure) previewRibbon(node, ribbonMesh(next, longest), colours);
    },
    clear(why) {
      structure = null;
      if (listening) Plotly.purge(node);
      listening = false;
      node.replaceChildren(element("p", {}, why));
    },
    // Marks follow the pointer: of those within one frame only the last is drawn.
    mark(k) {
      mark = k;
      requestAnimationFrame(drawMark);
    },
    turn(right, up) {
      if (!structure) return;
      const { eye, up: top, center } = node.layout.scene.camera;
      const away = [eye.x, eye.y, eye.z],
        vertical = unit([top.x, top.y, top.z]);
      const side = unit(cross(vertical, away));
      const turned = rotated(rotated(away, vertical, right), side, up);
      const newTop = rotated(vertical, side, up);
      const point = ([x, y, z]) => ({ x, y, z });
      Plotly.relayout(node, { "scene.camera": { eye: point(turned), up: point(newTop), center } });
    },
    reset: () => structure && Plotly.relayout(node, { "scene.camera": START }),
  };
}

// The mark of the residue in view; without a place it is a point that is not seen.
function ball(centre) {
  const out = { x: [], y: [], z: [], i: [], j: [], k: [], residue: [] },
    rings = 6,
    around = 10;
  for (let ring = 0; ring <= rings; ring++)
    for (let n = 0; n < around; n++) {
      const polar = (Math.PI * ring) / rings,
        angle = (2 * Math.PI * n) / around,
        size = centre ? 1.6 : 0;
      const [x, y, z] = centre ?? [0, 0, 0];
      out.x.push(x + size * Math.sin(polar) * Math.cos(angle));
      out.y.push(y + size * Math.sin(polar) * Math.sin(angle));
      out.z.push(z + size * Math.cos(polar));
      if (!ring) continue;
      const a = ring * around + n,
        b = ring * around + ((n + 1) % around);
      out.i.push(a, b);
      out.j.push(a - around, a - around);
      out.k.push(b, b - around);
    }
  return out;
}

// A vector turned about an axis of length 1 (Rodrigues).
function rotated(vector, axis, angle) {
  const c = Math.cos(angle),
    s = Math.sin(angle),
    along = dot(axis, vector) * (1 - c),
    third = cross(axis, vector);
  return vector.map((x, i) => x * c + third[i] * s + axis[i] * along);
}
