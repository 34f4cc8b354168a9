"use strict";
// Draws every figure of the page from the data block next to it.
for (const root of document.querySelectorAll(".figure")) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  root.hidden = false;
  new Figure(root, data).request();
}
