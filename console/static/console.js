// Small helps; every page works without them. No library, nothing kept, nothing sent elsewhere.
"use strict";
(() => {
  const live = document.querySelector("[data-live]");
  if (live) {
    const stale = document.querySelector("[data-stale]");
    const refresh = async () => {
      // Somebody who is typing or reading an opened part is not disturbed.
      if (document.hidden || live.contains(document.activeElement) || live.querySelector("details[open]")) return;
      try {
        const answer = await fetch(live.dataset.live, { credentials: "same-origin", redirect: "manual" });
        if (answer.status === 401 || answer.type === "opaqueredirect") { location.reload(); return; }
        if (!answer.ok) throw new Error(String(answer.status));
        live.innerHTML = await answer.text();  // our own server-rendered, escaped part of the page
        const shown = live.querySelector("[data-clock]");
        const clock = document.querySelector("header [data-clock]");
        if (shown && clock) clock.textContent = shown.dataset.clock;
        if (stale) stale.hidden = true;
      } catch {
        if (stale) stale.hidden = false;
      }
    };
    setInterval(refresh, 15000);
  }
  const sheet = document.querySelector("form[data-judge]");
  if (sheet) {
    let timer;
    sheet.addEventListener("input", (change) => {
      if (change.target.name !== "aqi") return;
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const query = new URLSearchParams();
        for (const field of sheet.querySelectorAll("[name=aqi]")) query.append("aqi", field.value);
        const answer = await fetch(`${sheet.dataset.judge}?${query}`, { credentials: "same-origin" });
        if (answer.ok) document.querySelector("[data-judgement]").innerHTML = await answer.text();
      }, 250);
    });
  }
  // A menu that is pushed along on a phone shows where one is.
  document.querySelector("nav.main [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  // A second click on a form that is on its way does nothing.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (sent) => {
      if (form.dataset.sent) sent.preventDefault();
      form.dataset.sent = "1";
    });
  }
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
})();
