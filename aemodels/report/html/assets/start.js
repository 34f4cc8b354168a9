"use strict";
// Draws every figure of the page from the data block next to it.
for (const root of document.querySelectorAll(".figure")) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  root.hidden = false;
  const figure = new Figure(root, data);
  figure.request();
  if (typeof startReview === "function") startReview(figure);
}
