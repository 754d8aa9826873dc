"use strict";
// Numbers as people read them, in the same form as in the part of the page that needs no scripts.

const wholeNumber = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

function numberText(value) {
  if (value === null || value === undefined) return "";
  return Math.abs(value) >= 1000 ? wholeNumber.format(value) : tenths.format(value);
}

function metresText(value) {
  return value === null ? "unknown" : `${wholeNumber.format(value)} m`;
}

function groundText(squareMetres) {
  if (squareMetres === null) return "unknown";
  if (squareMetres >= 1e6) return `${tenths.format(squareMetres / 1e6)} km²`;
  return squareMetres >= 1e4 ? `${tenths.format(squareMetres / 1e4)} ha` : `${wholeNumber.format(squareMetres)} m²`;
}

function placeText(longitude, latitude) {
  const east = longitude > 180 ? longitude - 360 : longitude;
  return `${Math.abs(latitude).toFixed(4)} ${latitude < 0 ? "S" : "N"}, ${Math.abs(east).toFixed(4)} ${east < 0 ? "W" : "E"}`;
}

// "100%" and "0%" only where they are exact.
function shareText(part, whole) {
  if (!whole || part === 0) return "0%";
  if (part === whole) return "100%";
  return `${Math.min(Math.max((100 * part) / whole, 0.1), 99.9).toFixed(1)}%`;
}

function rangeText(range) {
  const kind = range.kind ? ` (${range.kind})` : "";
  return (
    (range.high === null
      ? `${numberText(range.low)} or more`
      : `${numberText(range.low)} to ${numberText(range.high)}`) + kind
  );
}

// An element with text and children; the text of a run never becomes markup.
function element(name, { text, className, children = [] } = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function pageColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function swatch(colour) {
  const made = element("span", { className: "swatch" });
  if (colour) made.style.background = colour;
  return made;
}
