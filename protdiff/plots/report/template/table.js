// The table: only the rows in view are in the page, so that thousands scroll.
"use strict";

const ROW = 26,
  SPARE = 8;
const CONDITION = /([A-Za-z_][\w.]*)\s*(<=|>=|!=|<|>|=)\s*("[^"]*"|[^\s"]+)/g;
const COMPARE = {
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

// What a text in the filter means: a test of a row, or an error.
function filterOf(text, report) {
  const tests = [];
  let error = "";
  const rest = text.replace(CONDITION, (_, name, sign, wanted) => {
    const column = report.columns.find((one) => one.name === name);
    const plain = wanted.replace(/"/g, ""),
      number = Number(plain);
    if (!column) error = `no column ${name}`;
    else if (Number.isNaN(number) && sign !== "=" && sign !== "!=") error = `${name} ${sign}: give a number`;
    else
      tests.push((row) => {
        const value = column.values[row];
        return value !== null && COMPARE[sign](value, typeof value === "number" ? number : plain);
      });
    return " ";
  });
  const texts = report.columns.filter((column) => column.text);
  for (const word of rest.toLowerCase().split(/\s+/).filter(Boolean))
    tests.push((row) =>
      [report.names, ...texts.map((column) => column.values)].some((values) =>
        String(values[row] ?? "")
          .toLowerCase()
          .includes(word),
      ),
    );
  return { test: (row) => tests.every((one) => one(row)), error };
}

function makeTable(node, report, { onRow, onChosen, onRows }) {
  const state = {
    rows: report.names.map((_, k) => k),
    row: null,
    chosen: new Set(),
    sort: null,
    up: false,
    all: false,
  };
  const head = element("thead"),
    body = element("tbody");
  node.append(element("table", { role: "presentation" }, head, body));

  const columns = () => report.columns.filter((column) => column.brief || state.all);

  function value(column, row) {
    return column === "name"
      ? report.names[row]
      : report.columns.find((one) => one.name === column).values[row];
  }

  function sorted() {
    if (!state.sort) return;
    const sign = state.up ? 1 : -1,
      values = new Map(state.rows.map((row) => [row, value(state.sort, row)]));
    state.rows.sort((a, b) => {
      const x = values.get(a),
        y = values.get(b),
        none = (v) => v === null || v === undefined || v === "";
      if (none(x) || none(y)) return none(x) - none(y) || a - b; // missing ones last, whatever the direction
      const order =
        typeof x === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
      return sign * order || a - b;
    });
  }

  function heading(name, words, isText) {
    const mark = state.sort === name ? (state.up ? " ↑" : " ↓") : "";
    const button = element(
      "button",
      { type: "button", title: words, onclick: () => sort(name) },
      name + mark,
    );
    const sorting = state.sort === name ? (state.up ? "ascending" : "descending") : "none";
    return element("th", { scope: "col", className: isText ? "text" : "", "aria-sort": sorting }, button);
  }

  function drawHead() {
    const box = element("input", {
      type: "checkbox",
      ariaLabel: "Mark all rows that are shown",
      checked: state.rows.length > 0 && state.rows.every((row) => state.chosen.has(row)),
      onchange: () => {
        for (const row of state.rows) box.checked ? state.chosen.add(row) : state.chosen.delete(row);
        draw(true);
        onChosen();
      },
    });
    const cells = columns().map((column) => heading(column.name, column.words, column.text));
    head.replaceChildren(
      element(
        "tr",
        {},
        element("th", { className: "box" }, box),
        heading("name", "name of the structure", true),
        ...cells,
      ),
    );
    head.firstChild.children[1].classList.add("name");
  }

  function line(row) {
    const box = element("input", {
      type: "checkbox",
      tabIndex: -1,
      ariaLabel: `Mark ${report.names[row]}`,
      checked: state.chosen.has(row),
    });
    box.onclick = (event) => {
      event.stopPropagation();
      mark(row);
    };
    const name = element(
      "td",
      { className: "name", title: report.errors[row] || report.names[row] },
      report.names[row],
    );
    const cells = columns().map((column) => {
      const text = shown(column.values[row]);
      return element("td", { className: column.text ? "text" : "", title: column.text ? text : "" }, text);
    });
    const out = element(
      "tr",
      { role: "row", onclick: () => select(row) },
      element("td", { className: "box" }, box),
      name,
      ...cells,
    );
    out.setAttribute("aria-selected", row === state.row);
    if (report.errors[row]) out.classList.add("failed");
    out.dataset.row = row;
    return out;
  }

  function draw(withHead = false) {
    if (withHead) drawHead();
    const first = node.printing ? 0 : Math.max(0, Math.floor(node.scrollTop / ROW) - SPARE);
    const fits = node.printing ? 300 : Math.ceil((node.clientHeight || 600) / ROW) + 2 * SPARE;
    const rows = state.rows.slice(first, first + fits);
    const gap = (count) => element("tr", { className: "gap", style: `height:${Math.max(0, count) * ROW}px` });
    body.replaceChildren(
      gap(first),
      ...rows.map(line),
      gap(node.printing ? 0 : state.rows.length - first - rows.length),
    );
    node.setAttribute("aria-rowcount", state.rows.length);
  }

  function mark(row) {
    state.chosen.has(row) ? state.chosen.delete(row) : state.chosen.add(row);
    draw(true);
    onChosen();
  }

  function select(row, scroll = false) {
    state.row = row;
    if (scroll) {
      const top = state.rows.indexOf(row) * ROW,
        space = node.clientHeight - head.offsetHeight - ROW;
      if (top < node.scrollTop) node.scrollTop = top;
      else if (top > node.scrollTop + space) node.scrollTop = top - space;
    }
    draw();
    onRow(row);
  }

  function sort(name) {
    const column = report.columns.find((one) => one.name === name);
    if (state.sort === name) state.up = !state.up;
    else [state.sort, state.up] = [name, !column || column.text || column.small];
    sorted();
    node.scrollTop = 0;
    draw(true);
  }

  function filter(text) {
    const { test, error } = filterOf(text, report);
    state.rows = report.names.map((_, k) => k).filter(test);
    sorted();
    node.scrollTop = 0;
    draw(true);
    onRows(state.rows, error);
  }

  node.addEventListener("scroll", () => requestAnimationFrame(() => draw()), { passive: true });
  node.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(node.clientHeight / ROW) - 2),
      last = state.rows.length - 1;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[
      event.key
    ];
    if (event.target !== node || last < 0) return;
    if (step !== undefined)
      select(state.rows[Math.max(0, Math.min(last, state.rows.indexOf(state.row) + step))], true);
    else if (event.key === " " && state.row !== null) mark(state.row);
    else if (event.key === "Enter") document.getElementById("viewer").focus();
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => draw()).observe(node);

  return {
    state,
    draw,
    select,
    sort,
    filter,
    showAll(all) {
      state.all = all;
      draw(true);
    },
    exported: () => (state.chosen.size ? state.rows.filter((row) => state.chosen.has(row)) : state.rows),
  };
}
