"use strict";
// What the map draws: sources, layers and colours, for single clusters or for hexagons that count them.

const LOWEST_SHARE = 0.5;

function scaleColours() {
  return d3.range(0, 1.001, 1 / 8).map((share) => [share, d3.interpolateViridis(share)]);
}

function ramp(value, low, high) {
  const stops = scaleColours().flatMap(([share, colour]) => [low + share * (high - low), colour]);
  return ["interpolate", ["linear"], value, ...stops];
}

function statusColours(data) {
  return data.statuses.map((status) => status.colour || pageColour("--ok"));
}

function byStatus(data) {
  const colours = statusColours(data);
  return ["match", ["get", "s"], ...colours.flatMap((colour, status) => [status, colour]), pageColour("--ok")];
}

function byWeight(data) {
  return ramp(["coalesce", ["get", "w"], 0], ...data.weightScale);
}

// From this zoom on a typical cluster is some pixels wide, so that its polygon can be seen.
function zoomOfPolygons(data) {
  const latitude = data.bounds ? (data.bounds[1] + data.bounds[3]) / 2 : 0;
  const worldMetres = 40075016 * Math.cos((latitude * Math.PI) / 180);
  return Math.min(Math.max(Math.log2((worldMetres * 4) / (512 * Math.max(data.typicalRadius, 5))), 1), 18);
}

function geojson(data) {
  return { type: "geojson", data, maxzoom: 15, tolerance: 0.2 };
}

function detailedSources(data) {
  const isAlone = (cluster) => data.polygons.parts[cluster] === 0;
  return {
    polygons: geojson(polygonFeatures(data)),
    dots: geojson(pointFeatures(data)),
    alone: geojson(pointFeatures(data, isAlone)),
  };
}

// The chosen area: a line around it, whose inner half is hidden below its clusters, which are drawn once more. So no
// border between two of them is taken for one of the area. Without polygons it is a rectangle.
function areaLayers(data) {
  const line = (id, colour, width) => ({
    id,
    type: "line",
    source: "area",
    layout: { "line-join": "round" },
    paint: { "line-color": pageColour(colour), "line-width": ["case", ["has", "s"], 2 * width, width] },
  });
  const borders = {
    id: "area-borders",
    type: "line",
    source: "area",
    filter: ["has", "s"],
    ...bordersFrom(zoomOfPolygons(data)),
  };
  const fill = { "fill-color": byWeight(data), "fill-antialias": false };
  return [
    line("area-casing", "--border", 6.5),
    line("area-outline", "--mark", 4),
    { id: "area-fill", type: "fill", source: "area", filter: ["has", "s"], paint: fill },
    ...(data.isDetailed ? [borders] : []),
  ];
}

// The chosen cluster: a line in two tones, one of which stands out from any colour below it.
function selectionLayers() {
  const line = (id, colour, width) => ({
    id,
    type: "line",
    source: "selection",
    layout: { "line-join": "round" },
    paint: { "line-color": pageColour(colour), "line-width": width },
  });
  const ring = (id, colour, width) => ({
    id,
    type: "circle",
    source: "selection",
    filter: ["==", ["geometry-type"], "Point"],
    paint: {
      "circle-radius": 10,
      "circle-opacity": 0,
      "circle-stroke-color": pageColour(colour),
      "circle-stroke-width": width,
    },
  });
  return [
    line("selected-casing", "--border", 9),
    line("selected-border", "--mark", 4.5),
    ring("selected-halo", "--border", 7),
    ring("selected-dot", "--mark", 4),
  ];
}

function bordersFrom(zoom) {
  return {
    minzoom: Math.max(zoom - 1, 0),
    paint: {
      "line-color": pageColour("--border"),
      "line-width": ["interpolate", ["linear"], ["zoom"], zoom - 1, 0.2, zoom + 2, 1.2],
    },
  };
}

function detailedLayers(data) {
  const zoom = zoomOfPolygons(data);
  const exceptionsOnTop = ["case", ["==", ["get", "s"], 0], 0, 1];
  // Without a border a dot is not seen on its own polygon, where that is large enough.
  const dot = { "circle-color": byWeight(data) };
  return [
    { id: "fill", type: "fill", source: "polygons", paint: { "fill-color": byWeight(data), "fill-antialias": false } },
    { id: "borders", type: "line", source: "polygons", ...bordersFrom(zoom) },
    ...areaLayers(data),
    {
      id: "dots",
      type: "circle",
      source: "dots",
      maxzoom: zoom,
      layout: { "circle-sort-key": exceptionsOnTop },
      paint: { ...dot, "circle-radius": ["interpolate", ["linear"], ["zoom"], zoom - 5, 2, zoom, 4] },
    },
    { id: "alone", type: "circle", source: "alone", paint: { ...dot, "circle-radius": 5 } },
  ];
}

function hexagonSources(data) {
  const levels = data.hexagons.map((level, number) => [`hexagons-${number}`, geojson(hexagonFeatures(level))]);
  return { ...Object.fromEntries(levels), dots: geojson(pointFeatures(data)) };
}

function hexagonLayers(data) {
  const levels = data.hexagons.map((level, number) => ({
    id: `hexagons-${number}`,
    type: "fill",
    source: `hexagons-${number}`,
    minzoom: level.zoom,
    maxzoom: number + 1 < data.hexagons.length ? data.hexagons[number + 1].zoom : 24,
    paint: { "fill-color": byWeight(data), "fill-antialias": false },
  }));
  const first = data.hexagons.length > 1 ? data.hexagons[1].zoom : 6;
  const dots = {
    id: "dots",
    type: "circle",
    source: "dots",
    paint: {
      "circle-color": byStatus(data),
      "circle-stroke-color": pageColour("--border"),
      "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], first, 0, first + 3, 1],
      "circle-radius": ["interpolate", ["linear"], ["zoom"], first - 1.5, 1, first + 4, 5],
    },
  };
  return [...levels, ...areaLayers(data), dots];
}

function mapStyle(data) {
  const chosen = { selection: geojson(collection([])), area: geojson(collection([])) };
  return {
    version: 8,
    sources: { ...(data.isDetailed ? detailedSources(data) : hexagonSources(data)), ...chosen },
    layers: [
      { id: "background", type: "background", paint: { "background-color": pageColour("--map") } },
      ...(data.isDetailed ? detailedLayers(data) : hexagonLayers(data)),
      ...selectionLayers(),
    ],
  };
}

// Layers that describe themselves when they are pointed at, those on top first.
function layersWithDetails(data) {
  return data.isDetailed
    ? ["alone", "dots", "fill"]
    : ["dots", ...Array.from(data.hexagons.keys(), (number) => `hexagons-${number}`)];
}

function paintMap(map, data, colourBy) {
  map.setPaintProperty("background", "background-color", pageColour("--map"));
  for (const layer of [...areaLayers(data), ...selectionLayers()]) {
    for (const property of ["line-color", "circle-stroke-color"]) {
      if (property in layer.paint) map.setPaintProperty(layer.id, property, layer.paint[property]);
    }
  }
  if (data.isDetailed) {
    const colour = colourBy === "weight" ? byWeight(data) : byStatus(data);
    for (const layer of ["fill", "area-fill"]) map.setPaintProperty(layer, "fill-color", colour);
    map.setPaintProperty("borders", "line-color", pageColour("--border"));
    for (const layer of ["dots", "alone"]) map.setPaintProperty(layer, "circle-color", colour);
    return;
  }
  const colour = colourBy === "weight" ? byWeight(data) : ramp(["get", "share"], LOWEST_SHARE, 1);
  for (const number of data.hexagons.keys()) map.setPaintProperty(`hexagons-${number}`, "fill-color", colour);
}
