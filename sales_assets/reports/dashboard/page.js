"use strict";
// Adds up the page's series for what a reader chooses: figures, plots and the table behind each plot.
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const DAY = 86400000, YEAR = 364, STALE_HOURS = 30, ERRORS_ONLY = 1;
  const ALL = "";

  const hours = (Date.now() - Date.parse(page.made_at)) / 3600000;
  if (hours > STALE_HOURS) {
    byId("age").textContent = `This page is ${Math.floor(hours / 24)} day(s) old: ask whether the pipeline has stopped.`;
  }
  if (!page.sales.days) return;

  // Days: YYYY-MM-DD by number, and the reader's own midnight, which is what the plots' axes show.
  const start = Date.parse(page.sales.first);
  const days = Array.from({ length: page.sales.days }, (_, i) => new Date(start + i * DAY).toISOString().slice(0, 10));
  const numberOf = (day) => Math.round((Date.parse(day) - start) / DAY);
  const midnight = (day) => { const [y, m, d] = day.split("-").map(Number); return new Date(y, m - 1, d).getTime(); };
  const times = days.map(midnight);
  const last = days.length - 1;

  const formats = {
    money: new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    count: new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 }),
    share: new Intl.NumberFormat("en-US", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  };
  const columns = (...named) => named.map(([name, title, kind]) => ({ name, title, kind: kind || "text" }));
  const TABLES = {
    revenue: columns(["day", "Day"], ["channel", "Channel"], ["total_amount", "Revenue", "money"]),
    orders: columns(["day", "Day"], ["channel", "Channel"], ["order_count", "Orders", "count"]),
    weeks: columns(["day", "Week from"], ["line", "Line"], ["total_amount", "Revenue", "money"]),
    channels: columns(["day", "Month"], ["channel", "Channel"], ["total_amount", "Revenue", "money"]),
    segments: columns(["segment", "Segment"], ["total_amount", "Revenue", "money"], ["order_count", "Orders", "count"]),
    cities: columns(["city", "City"], ["total_amount", "Revenue", "money"], ["order_count", "Orders", "count"]),
    anomalies: columns(["day", "Day"], ["channel", "Channel"], ["segment", "Segment"], ["verdict", "Verdict"], ["reason", "Reason"]),
    forecast: columns(["date", "Day"], ["line", "Line"], ["revenue", "Revenue", "money"], ["lower_95", "Lower (95 %)", "money"], ["upper_95", "Upper (95 %)", "money"]),
    customers: columns(["day", "Month"], ["customers", "Customers"], ["customer_count", "Number", "count"]),
    cohorts: columns(["cohort", "First order"], ["months_since_first_order", "Months since", "count"], ["retention", "Ordered again", "share"]),
  };

  const choice = { from: 0, to: last, channel: ALL, segment: ALL, currency: page.currency };
  const matches = (series) =>
    series.currency === choice.currency &&
    (choice.channel === ALL || series.channel === choice.channel) &&
    (choice.segment === ALL || series.segment === choice.segment);

  const sumSeries = (values, from, to) => {
    let sum = 0;
    for (let i = Math.max(from, 0); i <= to; i += 1) sum += values[i] || 0;
    return sum;
  };
  const chosenSeries = () => page.sales.series.filter(matches);
  const total = (from, to, measure) => chosenSeries().reduce((sum, each) => sum + sumSeries(each[measure], from, to), 0);
  const groupBy = (rows, key) => {
    const groups = new Map();
    rows.forEach((row) => groups.set(row[key], [...(groups.get(row[key]) || []), row]));
    return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  };

  function byDay(measure, column) {
    return groupBy(chosenSeries(), "channel").flatMap(([channel, series]) => {
      const rows = [];
      for (let i = choice.from; i <= choice.to; i += 1) {
        rows.push({ day: days[i], order_date: times[i], channel, [column]: series.reduce((sum, each) => sum + each[measure][i], 0) });
      }
      return rows;
    });
  }

  function byWeek() {
    const rows = [];
    for (let end = choice.to; end - 6 >= choice.from; end -= 7) {
      const first = end - 6, row = { day: days[first], week: times[first] };
      rows.unshift({ ...row, line: "chosen weeks", total_amount: total(first, end, "revenue") });
      if (first - YEAR >= 0) rows.unshift({ ...row, line: "52 weeks before", total_amount: total(first - YEAR, end - YEAR, "revenue") });
    }
    return rows;
  }

  function byMonth() {
    return groupBy(chosenSeries(), "channel").flatMap(([channel, series]) => {
      const months = new Map();
      for (let i = choice.from; i <= choice.to; i += 1) {
        const month = days[i].slice(0, 7);
        months.set(month, (months.get(month) || 0) + series.reduce((sum, each) => sum + each.revenue[i], 0));
      }
      return [...months].map(([day, total_amount]) => ({ day, month: midnight(`${day}-01`), channel, total_amount }));
    });
  }

  function byKey(key) {
    return groupBy(chosenSeries(), key)
      .map(([value, series]) => ({
        [key]: value,
        total_amount: series.reduce((sum, each) => sum + sumSeries(each.revenue, choice.from, choice.to), 0),
        order_count: series.reduce((sum, each) => sum + sumSeries(each.orders, choice.from, choice.to), 0),
      }))
      .filter((row) => row.order_count)
      .sort((a, b) => b.total_amount - a.total_amount);
  }

  const isOfERP = () => choice.currency === page.erp_currency && (choice.channel === ALL || choice.channel === "erp");

  function unusualDays() {
    return page.unusual.filter((row) => matches(row) && row.order_date >= days[choice.from] && row.order_date <= days[choice.to])
      .map((row) => ({ ...row, day: row.order_date })).reverse();
  }

  function anomalies() {
    const series = page.expected.filter(matches), rows = [];
    const actual = new Map();
    for (let i = choice.from; i <= choice.to; i += 1) {
      const judged = series.filter((each) => each.expected[i] !== null && each.expected[i] !== undefined);
      if (!judged.length) continue;
      actual.set(days[i], judged.reduce((sum, each) => sum + each.actual[i], 0));
      rows.push({ order_date: times[i], line: "actual", revenue: actual.get(days[i]), verdict: null });
      rows.push({ order_date: times[i], line: "expected", revenue: judged.reduce((sum, each) => sum + each.expected[i], 0), verdict: null });
    }
    const marks = new Map(unusualDays().map((row) => [row.day + row.verdict, row]));
    marks.forEach((row) => rows.push({ order_date: midnight(row.day), line: null, revenue: actual.get(row.day), verdict: row.verdict }));
    return rows;
  }

  function forecast() {
    if (!isOfERP()) return [];
    const segment = choice.segment === ALL ? "total" : choice.segment;
    const ahead = page.forecast.filter((row) => row.segment === segment)
      .map((row) => ({ ...row, date: row.day, day: midnight(row.day), line: "forecast", revenue: row.forecast }));
    if (!ahead.length) return [];
    const series = chosenSeries().filter((each) => each.channel === "erp");
    const behind = [];
    for (let i = Math.max(last - 55, 0); i <= last; i += 1) {
      behind.push({ date: days[i], day: times[i], line: "actual", revenue: series.reduce((sum, each) => sum + each.revenue[i], 0) });
    }
    return [...behind, ...ahead];
  }

  function customers() {
    if (!isOfERP()) return [];
    const [first, end] = [days[choice.from].slice(0, 7), days[choice.to].slice(0, 7)];
    return page.customers.filter((row) => row.month >= first && row.month <= end).flatMap((row) =>
      ["new", "returning"].map((customers) => ({ day: row.month, month: midnight(`${row.month}-01`), customers, customer_count: row[customers] })));
  }

  const cohorts = () => (isOfERP() ? page.cohorts.map((row) => ({ ...row, cohort: row.cohort_month.slice(0, 7), cohort_month: midnight(row.cohort_month) })) : []);

  const ROWS = {
    revenue: () => byDay("revenue", "total_amount"),
    orders: () => byDay("orders", "order_count"),
    weeks: byWeek, channels: byMonth, segments: () => byKey("segment"), cities: () => byKey("city"),
    anomalies, forecast, customers, cohorts,
  };

  function cell(tag, text, isNumber) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (isNumber) element.className = "number";
    if (tag === "th") element.scope = "col";
    return element;
  }

  function fillTable(name, rows) {
    const table = document.createElement("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    TABLES[name].forEach((column) => head.append(cell("th", column.title, column.kind !== "text")));
    rows.forEach((row) => {
      const line = body.insertRow();
      TABLES[name].forEach(({ name: key, kind }) => {
        const value = row[key];
        line.append(cell("td", value === null || value === undefined ? "" : kind === "text" ? value : formats[kind].format(value), kind !== "text"));
      });
    });
    byId(`table-${name}`).querySelector(".scroll").replaceChildren(table);
  }

  function card(title, value, note, change) {
    const box = document.createElement("div"), noted = cell("dd", note);
    noted.className = `note ${change > 0 ? "up" : change < 0 ? "down" : ""}`;
    box.append(cell("dt", title), cell("dd", value), noted);
    return box;
  }

  function compare(revenue, from, to, words) {
    const change = from >= 0 ? revenue / total(from, to, "revenue") - 1 : NaN;
    return Number.isFinite(change) ? [`${change >= 0 ? "+" : ""}${formats.share.format(change)}`, words, change] : ["–", `${words}: no sales to compare with`, 0];
  }

  function showTotals() {
    const { from, to, currency } = choice, length = to - from + 1;
    const revenue = total(from, to, "revenue"), orders = total(from, to, "orders");
    byId("totals").replaceChildren(
      card(`Revenue, ${currency}`, formats.money.format(revenue), ""),
      card("Orders", formats.count.format(orders), ""),
      card(`Average order, ${currency}`, orders ? formats.money.format(revenue / orders) : "–", ""),
      card("Against the days before", ...compare(revenue, from - length, from - 1, `${length} day(s) before`)),
      card("Year on year", ...compare(revenue, from - YEAR, to - YEAR, "52 weeks before")),
    );
    const names = [choice.channel || "all channels", choice.segment || "all segments", currency];
    byId("chosen").textContent = `${days[from]} to ${days[to]}, ${names.join(", ")}`;
  }

  const views = {};
  async function showPlot(name) {
    const rows = ROWS[name](), figure = byId(`figure-${name}`), table = byId(`table-${name}`);
    figure.querySelector(".nothing").hidden = rows.length > 0;
    figure.querySelector(".plot").hidden = rows.length === 0;
    table.hidden = rows.length === 0;
    if (table.open) fillTable(name, name === "anomalies" ? unusualDays() : rows);
    if (!rows.length) return;
    if (views[name]) {
      await views[name].data(name, rows).resize().runAsync();
      return;
    }
    const spec = { ...page.plots[name], datasets: { [name]: rows }, description: figure.querySelector("h3").textContent };
    const embedded = await vegaEmbed(byId(`plot-${name}`), spec, { actions: false, renderer: "svg", logLevel: ERRORS_ONLY });
    views[name] = embedded.view;
  }

  // One at a time and in order: a second choice that is made meanwhile waits, and the last one is what is seen.
  let showing = Promise.resolve();
  function show() {
    const range = choice.to - choice.from + 1;
    document.querySelectorAll("button[data-days]").forEach((button) => {
      const wanted = Number(button.dataset.days) ? Math.min(Number(button.dataset.days), last + 1) : last + 1;
      button.setAttribute("aria-pressed", String(choice.to === last && range === wanted));
    });
    byId("from").value = days[choice.from];
    byId("to").value = days[choice.to];
    showTotals();
    document.body.dataset.state = "drawing";
    showing = showing.then(async () => {
      for (const name of Object.keys(ROWS)) if (byId(`figure-${name}`)) await showPlot(name).catch(console.error);
      document.body.dataset.state = "drawn";
    });
  }

  function fillOptions(id, key, all) {
    const values = [...new Set(page.sales.series.map((series) => series[key]))].sort();
    byId(id).replaceChildren(...(all ? [new Option(all, ALL)] : []), ...values.map((value) => new Option(value, value)));
    byId(id).value = choice[id];
    byId(id).addEventListener("change", (event) => { choice[id] = event.target.value; show(); });
  }

  const clamp = (day) => Math.min(Math.max(numberOf(day), 0), last);
  function chooseDays() {
    if (!byId("from").value || !byId("to").value) return;
    choice.from = clamp(byId("from").value);
    choice.to = Math.max(clamp(byId("to").value), choice.from);
    show();
  }

  fillOptions("channel", "channel", "All channels");
  fillOptions("segment", "segment", "All segments");
  fillOptions("currency", "currency");
  ["from", "to"].forEach((id) => {
    Object.assign(byId(id), { min: days[0], max: days[last] });
    byId(id).addEventListener("change", chooseDays);
  });
  document.querySelectorAll("button[data-days]").forEach((button) => button.addEventListener("click", () => {
    choice.to = last;
    choice.from = Number(button.dataset.days) ? Math.max(last - Number(button.dataset.days) + 1, 0) : 0;
    show();
  }));
  document.querySelector("form.filters").addEventListener("submit", (event) => event.preventDefault());
  Object.keys(ROWS).forEach((name) => byId(`table-${name}`)?.addEventListener("toggle", (event) => {
    if (event.target.open) fillTable(name, name === "anomalies" ? unusualDays() : ROWS[name]());
  }));
  choice.from = Math.max(last - 89, 0);
  show();
})();
