"use strict";
// Counts the answers of every group, and offers them as a file.
const answers = () => [...document.querySelectorAll("article.item")].map((item) => {
  const chosen = item.querySelector("input:checked");
  return { ...JSON.parse(item.dataset.label), answer: chosen ? chosen.value : "" };
});
const count = () => {
  let given = 0;
  for (const section of document.querySelectorAll("section[data-group]")) {
    const values = [...section.querySelectorAll("input:checked")].map((input) => input.value);
    const right = values.filter((value) => value === "right").length;
    const wrong = values.filter((value) => value === "wrong").length;
    given += values.length;
    const share = right + wrong ? `${Math.round((100 * right) / (right + wrong))} % right` : "no answer yet";
    section.querySelector(".share").textContent =
      `${right} right, ${wrong} wrong, ${values.length - right - wrong} undecided: ${share}`;
  }
  document.getElementById("count").textContent = `${given} of ${answers().length} answered.`;
};
document.addEventListener("change", count);
document.getElementById("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(answers(), null, 1)], { type: "application/json" }));
  link.download = "audit.json";
  link.click();
});
count();
