"use strict";
// Every figure of the page is drawn from the data block beside it.
for (const root of document.querySelectorAll(".figure")) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  root.hidden = false;
  new Figure(root, data).request();
}
