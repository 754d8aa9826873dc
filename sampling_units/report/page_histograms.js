"use strict";
// Histograms of weight and radius, with what was wanted marked in them.

const MARGIN_LEFT = 46;
const MARGIN_RIGHT = 14;

function drawHistograms(data) {
  const clusters = data.counts.reduce((sum, count) => sum + count, 0);
  const weight = {
    figure: document.getElementById("weight-chart"),
    histogram: data.histograms.weight,
    name: data.weightName ? `Weight (${data.weightName})` : "Weight",
    bands: data.ranges,
    marks: data.ranges
      .flatMap(({ kind, low, high }) => [
        [low, kind],
        [high, kind],
      ])
      .filter(([value]) => value),
    unit: "",
    clusters,
  };
  const radius = {
    figure: document.getElementById("radius-chart"),
    histogram: data.histograms.radius,
    name: "Radius in metres",
    bands: [],
    marks: data.targetRadii.map(({ kind, value }) => [value, kind ? `${kind} target` : "target"]),
    unit: " m",
    clusters,
  };
  for (const chart of [weight, radius]) drawChart(chart);
}

function drawChart(chart) {
  const plot = chart.figure.querySelector(".plot");
  const caption = chart.figure.querySelector("figcaption");
  if (!chart.histogram.counts.length) {
    caption.textContent = "There is no cluster.";
    return;
  }
  const bins = binsOf(chart.histogram);
  caption.textContent = captionOf(chart, bins);
  chart.figure.append(binTable(chart, bins));
  let drawnWidth = 0;
  const draw = () => {
    const width = Math.round(plot.clientWidth);
    if (!width || width === drawnWidth) return;
    drawnWidth = width;
    plot.replaceChildren(asPicture(chartSvg(chart, bins, width)));
  };
  new ResizeObserver(draw).observe(plot);
  draw();
}

// For a screen reader the picture is one thing with a name; the names of its parts say nothing.
function asPicture(svg) {
  svg.setAttribute("role", "img");
  for (const part of svg.querySelectorAll("g[aria-label]")) part.removeAttribute("aria-label");
  return svg;
}

function binsOf({ step, counts, n_above: nAbove }) {
  const bins = counts.map((count, number) => ({ from: number * step, to: (number + 1) * step, count }));
  // A gap tells the bar of all that is further out from the others.
  const end = counts.length * step;
  if (nAbove) bins.push({ from: end + step, to: end + 2 * step, count: nAbove, isRest: true });
  return bins;
}

function binText(bin, unit) {
  const from = bin.isRest ? bin.from - (bin.to - bin.from) : bin.from;
  return bin.isRest ? `${numberText(from)}${unit} or more` : `${numberText(from)} to ${numberText(bin.to)}${unit}`;
}

function captionOf(chart, bins) {
  const sentences = [];
  if (chart.bands.length) {
    sentences.push(`Shaded: the allowed range, ${chart.bands.map(rangeText).join(" or ")}.`);
  }
  if (chart.marks.length && !chart.bands.length) {
    sentences.push(
      `${chart.marks.length > 1 ? "Lines" : "Line"}: ${chart.marks.map(([value, kind]) => `${kind} ${numberText(value)}${chart.unit}`).join(", ")}.`,
    );
  }
  const rest = bins.find((bin) => bin.isRest);
  if (rest) sentences.push(`The last bar counts ${clustersText(rest.count)} of ${binText(rest, chart.unit)}.`);
  return sentences.join(" ");
}

function clustersText(count) {
  return count === 1 ? "1 cluster" : `${wholeNumber.format(count)} clusters`;
}

function isWithin(bin, bands) {
  if (!bands.length) return true;
  const middle = (bin.from + bin.to) / 2;
  return !bin.isRest && bands.some((band) => middle >= band.low && (band.high === null || middle <= band.high));
}

function chartSvg(chart, bins, width) {
  const end = bins[bins.length - 1].to;
  const highest = Math.max(...bins.map((bin) => bin.count));
  // Marks of urban clusters are written above those of rural ones, as they may lie close together.
  const hasKinds = chart.marks.some(([, kind]) => kind.includes("rural"));
  const label = {
    x: ([value]) => value,
    frameAnchor: "top",
    text: ([value, kind]) => (kind ? `${numberText(value)}\n${kind}` : numberText(value)),
    lineAnchor: "bottom",
    fill: "currentColor",
  };
  const isUpper = ([, kind]) => kind.includes("urban");
  const perUnit = (width - MARGIN_LEFT - MARGIN_RIGHT) / end;
  const upper = markLabels(chart.marks.filter(isUpper), perUnit);
  const lower = markLabels(
    chart.marks.filter((mark) => !isUpper(mark)),
    perUnit,
  );
  const bands = chart.bands.map((band) => ({ from: band.low, to: Math.min(band.high ?? end, end) }));
  return Plot.plot({
    width,
    height: 250,
    marginTop: hasKinds ? 72 : 44,
    marginLeft: MARGIN_LEFT,
    marginRight: MARGIN_RIGHT,
    style: { background: "transparent", color: "var(--text)", fontSize: "12.5px", fontFamily: "inherit" },
    ariaLabel: `Histogram: ${chart.name}`,
    ariaDescription: `${clustersText(chart.clusters)}. ${captionOf(chart, bins)} The table below the picture holds the same.`,
    x: { label: null, domain: [0, end], ticks: fittingTicks(end, perUnit) },
    // There are no halves of clusters.
    y: {
      label: "Clusters",
      domain: [0, highest * 1.02],
      grid: true,
      nice: true,
      labelArrow: "none",
      ticks: Math.min(5, highest),
    },
    marks: [
      Plot.rect(bands, { x1: "from", x2: "to", y1: 0, y2: highest * 1.02, fill: "var(--band)" }),
      Plot.rectY(bins, {
        x1: "from",
        x2: "to",
        y: "count",
        insetLeft: 0.5,
        insetRight: 0.5,
        fill: (bin) => (isWithin(bin, chart.bands) ? "var(--bar)" : "var(--bar-out)"),
        title: (bin) => `${binText(bin, chart.unit)}: ${clustersText(bin.count)}`,
        tip: { fill: "var(--card)", stroke: "var(--line)" },
      }),
      Plot.ruleX(chart.marks, { x: ([value]) => value, stroke: "var(--mark)", strokeDasharray: "4 3" }),
      ...upper.map(({ mark, ...place }) => Plot.text([mark], { ...label, ...place, dy: -31 })),
      ...lower.map(({ mark, ...place }) => Plot.text([mark], { ...label, ...place, dy: -3 })),
      Plot.ruleY([0]),
    ],
  });
}

function textWidth(value) {
  return 7.5 * numberText(value).length;
}

// Labels in the middle above their lines; where two would touch, they stand on the far sides of these.
function markLabels(marks, perUnit) {
  const [first, second] = marks;
  const areApart =
    marks.length < 2 || (second[0] - first[0]) * perUnit > (textWidth(first[0]) + textWidth(second[0])) / 2 + 8;
  if (areApart) return marks.map((mark) => ({ mark }));
  return [
    { mark: first, textAnchor: "end", dx: 2 },
    { mark: second, textAnchor: "start", dx: -2 },
  ];
}

// As many round numbers below the axis as have room.
function fittingTicks(end, perUnit) {
  for (let wanted = 8; wanted > 1; wanted--) {
    const ticks = d3.ticks(0, end, wanted);
    const widest = Math.max(...ticks.map(textWidth));
    if ((ticks[1] - ticks[0]) * perUnit > widest + 14) return ticks;
  }
  return d3.ticks(0, end, 1);
}

function binTable(chart, bins) {
  const line = (cells, name) => element("tr", { children: cells.map((text) => element(name, { text })) });
  const head = line([chart.name, "Clusters"], "th");
  head.querySelectorAll("th").forEach((cell) => {
    cell.scope = "col";
  });
  const table = element("table", {
    children: [
      element("caption", { text: `${chart.name}: number of clusters`, className: "hidden" }),
      element("thead", { children: [head] }),
      element("tbody", {
        children: bins
          .filter((bin) => bin.count)
          .map((bin) => line([binText(bin, chart.unit), wholeNumber.format(bin.count)], "td")),
      }),
    ],
  });
  const scroll = element("div", { children: [table] });
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", `${chart.name} as a table`);
  return element("details", { children: [element("summary", { text: "The same as a table" }), scroll] });
}
