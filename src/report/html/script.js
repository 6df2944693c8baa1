"use strict";
(() => {
  const bar = document.querySelector(".filters");
  if (bar) {
    const buttons = [...bar.querySelectorAll("button")];
    const search = bar.querySelector("input");
    const said = bar.querySelector("[role=status]");
    const groups = [...document.querySelectorAll(".group")].map((group) => ({
      group,
      rows: [...group.querySelectorAll("tr[data-status]")],
      open: group.open,
    }));
    const total = groups.reduce((sum, { rows }) => sum + rows.length, 0);
    let filter = "all";
    const apply = () => {
      const word = search.value.trim().toLowerCase();
      let shown = 0;
      for (const { group, rows, open } of groups) {
        let found = 0;
        for (const row of rows) {
          const named = !word || row.querySelector(".object").textContent.toLowerCase().includes(word);
          if (row.hidden === named) row.hidden = !named;
          if (named && (filter === "all" || row.dataset.status === filter)) found += 1;
        }
        group.hidden = found === 0;
        group.open = filter === "all" && !word ? open : true;
        shown += found;
      }
      document.body.dataset.filter = filter;
      said.textContent = shown === total ? "" : `${shown} of ${total} checks shown`;
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        // the same button once more shows all again
        filter = filter === button.dataset.filter ? "all" : button.dataset.filter;
        for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.filter === filter));
        apply();
      });
    }
    let wait;
    search.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(apply, 150);
    });
    bar.hidden = false;
  }
  // paper has no folds
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
  });
})();
