"use strict";
// The table of every match: filters over columns of small integers, and only the visible page in the document.
// All text goes in by textContent, so nothing that a record holds is ever read as markup.
(() => {
  const PAGE = 50;
  const data = JSON.parse(document.getElementById("matches-data").textContent);
  const { n, ids, names, kinds, columns, metrics } = data;
  const section = document.getElementById("matches");
  const form = section.querySelector("form");
  const body = section.querySelector("tbody");
  const heads = [...section.querySelectorAll("th[data-sort]")];
  const TEXTS = ["contender", "case", "status", "reason", "params", "task", "suite", "version"];
  const PICKS = ["contender", "status", "case", "task", "suite"];
  const GLYPHS = { tool: "●", combination: "▲", baseline: "■", placebo: "◆", oracle: "▬", random: "▬" };
  const LABELS = { oracle: "ceiling", random: "floor" };
  const lower = Object.fromEntries(TEXTS.map((t) => [t, names[t].map((x) => x.toLowerCase())]));
  const state = { rows: [], page: 0, sort: null, down: false, open: new Set() };

  const count = (x) => x.toLocaleString("en");
  const figure = (x) => (x === null ? "–" : x.toFixed(3).replace(/^(-?)0\./, "$1.").replace("-", "−"));
  const three = (x) => (x === 0 ? "0" : x >= 99.95 ? Math.round(x).toString() : x < 1 ? figure(x) : x.toPrecision(3));
  const si = (x) => {
    for (const [power, prefix] of [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (x >= 0.9995 * power) return three(x / power) + " " + prefix;
    }
    return three(x);
  };
  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const name = (column, row) => names[column][columns[column][row]];

  // Filters -------------------------------------------------------------------------------------------------

  const hits = (word) => TEXTS.map((t) => [columns[t], lower[t].map((x) => x.includes(word))]);

  function filter() {
    const picked = PICKS.filter((p) => form.elements[p].value !== "").map((p) => [columns[p], +form.elements[p].value]);
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const tests = words.map((word) => [word, hits(word)]);
    const rows = [];
    for (let row = 0; row < n; row++) {
      if (!picked.every(([column, value]) => column[row] === value)) continue;
      if (!tests.every(([word, found]) => found.some(([column, hit]) => hit[column[row]]) || ids[row].startsWith(word))) continue;
      rows.push(row);
    }
    state.rows = rows;
    state.page = 0;
    order();
  }

  function order() {
    const column = state.sort;
    if (column) {
      let values = columns[column];
      if (names[column]) {
        const places = names[column].map((_, i) => i).sort((a, b) => names[column][a].localeCompare(names[column][b]));
        const rank = [];
        places.forEach((place, i) => (rank[place] = i));
        values = values.map((v) => rank[v]);
      }
      const sign = state.down ? -1 : 1;
      const known = (v) => (v === null ? -Infinity : v);
      state.rows.sort((a, b) => sign * (known(values[a]) - known(values[b])) || a - b);
    }
    show();
  }

  // The visible page ----------------------------------------------------------------------------------------

  function show() {
    const pages = Math.max(1, Math.ceil(state.rows.length / PAGE));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const from = state.page * PAGE;
    const visible = state.rows.slice(from, from + PAGE);
    body.replaceChildren(...visible.flatMap((row) => (state.open.has(row) ? [line(row), detail(row)] : [line(row)])));
    if (!visible.length) {
      const nothing = element("td", "No match passes these filters.", "nothing");
      nothing.colSpan = heads.length;
      body.append(element("tr"));
      body.lastChild.append(nothing);
    }
    section.querySelector(".count").textContent =
      state.rows.length === n ? `${count(n)} matches` : `${count(state.rows.length)} of ${count(n)} matches`;
    section.querySelector(".where").textContent = visible.length
      ? `${count(from + 1)}–${count(from + visible.length)} of ${count(state.rows.length)}` : "–";
    for (const button of section.querySelectorAll("[data-page]")) {
      const back = button.dataset.page === "first" || button.dataset.page === "previous";
      button.disabled = back ? state.page === 0 : state.page === pages - 1;
    }
    for (const head of heads) {
      const own = head.dataset.sort === state.sort;
      head.setAttribute("aria-sort", own ? (state.down ? "descending" : "ascending") : "none");
    }
  }

  function line(row) {
    const tr = element("tr");
    const kind = kinds[columns.contender[row]];
    const button = element("button", undefined, "open");
    button.type = "button";
    button.setAttribute("aria-expanded", state.open.has(row));
    const glyph = element("span", GLYPHS[kind] || "✚", "kind " + (LABELS[kind] || kind));
    glyph.setAttribute("aria-hidden", "true");
    button.append(glyph, " " + name("contender", row));
    button.addEventListener("click", () => {
      if (!state.open.delete(row)) state.open.add(row);
      show();
      section.querySelector(`tr[data-row="${row}"] button`).focus();
    });
    tr.dataset.row = row;
    const first = element("th");
    first.scope = "row";
    first.append(button);
    const status = element("td");
    status.append(element("span", name("status", row), "status " + name("status", row)));
    tr.append(
      first, element("td", name("case", row), "case"), element("td", columns.seed[row], "n"), status,
      element("td", figure(columns.score[row]), "n"), element("td", si(columns.flops[row]), "n"),
      element("td", three(columns.cpu[row]), "n"), element("td", three(columns.peak[row] / 2 ** 20), "n"),
    );
    return tr;
  }

  function detail(row) {
    const list = element("dl", undefined, "facts wide");
    const add = (term, value, code) => {
      if (value === "" || value === null || value === undefined) return;
      const pair = element("div");
      const dd = element("dd");
      dd.append(code ? element("code", value) : value);
      pair.append(element("dt", term), dd);
      list.append(pair);
    };
    add("Reason", name("reason", row));
    add("Parameters", name("params", row), true);
    for (const [metric, values] of Object.entries(metrics)) add(metric, values[row] === null ? null : figure(values[row]));
    add("Kind", kinds[columns.contender[row]]);
    add("Task, suite", `${name("task", row)}, ${name("suite", row)}`);
    add("Case", name("case", row));
    add("Seed", String(columns.seed[row]));
    add("Budget", name("budget", row));
    add("Floating-point operations", count(columns.flops[row]));
    add("CPU, wall", `${three(columns.cpu[row])} s, ${three(columns.wall[row])} s`);
    add("Labels", count(columns.labels[row]));
    add("Tuning trials", count(columns.trials[row]));
    add("Started", name("started", row).replace("T", " ") + " UTC");
    add("Code", `${name("fingerprint", row)}, fairfight ${name("version", row)}`);
    add("Show it again", "fairfight show " + ids[row], true);
    const cell = element("td");
    cell.colSpan = heads.length;
    cell.append(list);
    const tr = element("tr", undefined, "detail");
    tr.append(cell);
    return tr;
  }

  // Controls ------------------------------------------------------------------------------------------------

  for (const pick of PICKS) {
    const select = form.elements[pick];
    const options = names[pick].map((text, place) => {
      const option = element("option", text);
      option.value = place;
      return option;
    });
    select.append(...options.sort((a, b) => a.text.localeCompare(b.text, "en", { numeric: true })));
    if (options.length < 2 && select.closest("[data-optional]")) select.closest("label").hidden = true;
  }
  for (const head of heads) {
    const button = element("button", head.textContent);
    button.type = "button";
    button.addEventListener("click", () => {
      const numeric = !names[head.dataset.sort];
      state.down = state.sort === head.dataset.sort ? !state.down : numeric;
      state.sort = head.dataset.sort;
      order();
    });
    head.replaceChildren(button);
  }
  for (const button of section.querySelectorAll("[data-page]")) {
    button.addEventListener("click", () => {
      const last = Math.ceil(state.rows.length / PAGE) - 1;
      state.page = { first: 0, previous: state.page - 1, next: state.page + 1, last }[button.dataset.page];
      show();
    });
  }
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());

  // Links into the table: #match=ID opens one match, #case=NAME shows a case's.
  function follow() {
    const [what, written] = location.hash.slice(1).split(/=(.*)/s);
    if (what !== "match" && what !== "case") return;
    const value = decodeURIComponent(written.replace(/%(?![0-9a-f]{2})/gi, "%25"));
    form.reset();
    if (what === "case") form.elements.case.value = names.case.indexOf(value);
    if (what === "match") {
      form.elements.text.value = value;
      const row = ids.indexOf(value);
      if (row >= 0) state.open.add(row);
    }
    filter();
    section.scrollIntoView();
  }
  addEventListener("hashchange", follow);
  filter();
  follow();
})();
