// The ribbon in three dimensions, drawn by plotly.
"use strict";

const LIGHT = { ambient: 0.62, diffuse: 0.65, specular: 0.18, roughness: 0.55, fresnel: 0.08 };
const START = { eye: { x: 0, y: 0, z: 1.5 }, up: { x: 0, y: 1, z: 0 }, center: { x: 0, y: 0, z: 0 } };
const QUIET = { displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false };

function makeViewer(node, longest, onResidue) {
  let meshes = [], structure = null, listening = false;

  function trace(mesh, colours) {
    const { residue, ...shape } = mesh;
    return {
      type: "mesh3d", ...shape, hoverinfo: "none", lighting: LIGHT, lightposition: { x: -3e4, y: 4e4, z: 6e4 },
      vertexcolor: colours ? residue.map((k) => colours[k]) : undefined, color: colours ? undefined : "#c3c8d1",
      flatshading: false,
    };
  }

  function layout() {
    let reach = 8;
    const { ca } = structure;
    for (let n = 0; n < ca.length; n++) if (Math.abs(ca[n]) > reach) reach = Math.abs(ca[n]);
    const axis = { visible: false, range: [-reach - 2, reach + 2], showspikes: false };
    return {
      margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: "white", showlegend: false, uirevision: "same", hovermode: "closest",
      scene: {
        xaxis: axis, yaxis: axis, zaxis: axis, aspectmode: "cube", dragmode: "orbit", camera: START, uirevision: "same",
        hovermode: "closest",
      },
    };
  }

  async function draw(colours, withOther) {
    const traces = [trace(meshes[0], colours)];
    if (meshes[1] && withOther) traces.push(trace(meshes[1], null));
    traces.push({ ...trace(ball(null), null), color: INK, hoverinfo: "skip" });
    await Plotly.react(node, traces, layout(), QUIET);
    if (listening) return;
    listening = true;
    node.on("plotly_hover", ({ points: [point] }) => {
      if (point.curveNumber === 0) onResidue(meshes[0].residue[point.pointNumber]);
    });
  }

  return {
    async show(next, colours, withOther) {
      structure = next;
      meshes = [ribbonMesh(structure, longest)];
      if (structure.other) meshes.push(ribbonMesh(structure.other, longest, 0.7));
      await draw(colours, withOther);
    },
    draw,
    clear() {
      structure = null;
      if (listening) Plotly.purge(node);
      listening = false;
      node.replaceChildren();
    },
    mark(k) {
      if (!structure || !node.data) return;
      const { x, y, z } = ball(k === null ? null : structure.ca.slice(3 * k, 3 * k + 3));
      Plotly.restyle(node, { x: [x], y: [y], z: [z] }, [node.data.length - 1]);
    },
    turn(right, up) {
      if (!structure) return;
      const { eye, up: top, center } = node.layout.scene.camera;
      const away = [eye.x, eye.y, eye.z], vertical = unit([top.x, top.y, top.z]);
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
  const out = { x: [], y: [], z: [], i: [], j: [], k: [], residue: [] }, rings = 6, around = 10;
  for (let ring = 0; ring <= rings; ring++)
    for (let n = 0; n < around; n++) {
      const polar = (Math.PI * ring) / rings, angle = (2 * Math.PI * n) / around, size = centre ? 1.3 : 0;
      const [x, y, z] = centre ?? [0, 0, 0];
      out.x.push(x + size * Math.sin(polar) * Math.cos(angle));
      out.y.push(y + size * Math.sin(polar) * Math.sin(angle));
      out.z.push(z + size * Math.cos(polar));
      if (!ring) continue;
      const a = ring * around + n, b = ring * around + ((n + 1) % around);
      out.i.push(a, b);
      out.j.push(a - around, a - around);
      out.k.push(b, b - around);
    }
  return out;
}

// A vector turned about an axis of length 1 (Rodrigues).
function rotated(vector, axis, angle) {
  const c = Math.cos(angle), s = Math.sin(angle), along = dot(axis, vector) * (1 - c), third = cross(axis, vector);
  return vector.map((x, i) => x * c + third[i] * s + axis[i] * along);
}
