// Small helps; every page works without them. No library, nothing kept, nothing sent elsewhere.
"use strict";
(() => {
  // Three rising tones for what is new and urgent. A browser lets nothing sound before a click, hence the button.
  const tone = {
    on: false,
    play() {
      if (!this.on) return;
      for (const [number, pitch] of [660, 830, 990].entries()) {
        const start = this.context.currentTime + number * 0.28;
        const source = this.context.createOscillator(), loudness = this.context.createGain();
        source.frequency.value = pitch;
        loudness.gain.setValueAtTime(0.0001, start);
        loudness.gain.exponentialRampToValueAtTime(0.4, start + 0.03);
        loudness.gain.exponentialRampToValueAtTime(0.0001, start + 0.26);
        source.connect(loudness).connect(this.context.destination);
        source.start(start);
        source.stop(start + 0.27);
      }
      this.played = (this.played || 0) + 1;
      document.documentElement.dataset.sounded = String(this.played);
    },
  };
  const sound = document.querySelector("[data-sound]");
  if (sound && window.AudioContext) {
    sound.hidden = false;
    sound.addEventListener("click", () => {
      tone.context ||= new AudioContext();
      tone.on = !tone.on;
      sound.setAttribute("aria-pressed", String(tone.on));
      sound.textContent = tone.on ? sound.dataset.on : sound.dataset.off;
      tone.play();
    });
  }
  // Alt+Shift and a letter goes where an element says so by aria-keyshortcuts.
  addEventListener("keydown", (pressed) => {
    if (!pressed.altKey || !pressed.shiftKey || pressed.ctrlKey || pressed.metaKey || !pressed.code.startsWith("Key")) return;
    const there = document.querySelector(`[aria-keyshortcuts="Alt+Shift+${pressed.code.slice(3)}"]`);
    if (!there) return;
    pressed.preventDefault();
    there.focus();
    there.click();
  });
  const live = document.querySelector("[data-live]");
  if (live) {
    const stale = document.querySelector("[data-stale]");
    const calls = (part) => new Set((part.querySelector("[data-calls]")?.dataset.calls || "").split(" ").filter(Boolean));
    const refresh = async () => {
      if (document.hidden && !tone.on) return;
      try {
        const answer = await fetch(live.dataset.live, { credentials: "same-origin", redirect: "manual" });
        if (answer.status === 401 || answer.type === "opaqueredirect") { location.reload(); return; }
        if (!answer.ok) throw new Error(String(answer.status));
        const part = document.createElement("div");
        part.innerHTML = await answer.text();  // our own server-rendered, escaped part of the page
        const before = calls(live), fresh = [...calls(part)].filter((one) => !before.has(one));
        if (fresh.length) tone.play();
        // Somebody who is typing or reading an opened part is not disturbed; what is new only sounds.
        if (live.contains(document.activeElement) || live.querySelector("details[open]")) {
          if (fresh.length) live.querySelector("[data-calls]").dataset.calls = [...before, ...fresh].join(" ");
          return;
        }
        live.replaceChildren(...part.childNodes);
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
  const draft = document.querySelector("form[data-preview]");
  if (draft) {
    const pane = document.querySelector("[data-preview-pane]"), stale = document.querySelector("[data-preview-stale]");
    let timer, number = 0;
    draft.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const fields = new FormData(draft), mine = ++number;
        fields.append("part", "yes");
        try {
          const answer = await fetch(draft.dataset.preview, { method: "POST", body: new URLSearchParams(fields), credentials: "same-origin", redirect: "manual" });
          if (mine !== number) return;  // a later one is on its way
          if (!answer.ok) throw new Error(String(answer.status));
          const open = pane.querySelector("details")?.open;
          pane.innerHTML = await answer.text();  // our own server-rendered, escaped part of the page
          if (open) pane.querySelector("details")?.setAttribute("open", "");
          stale.hidden = true;
        } catch {
          stale.hidden = false;
        }
      }, 600);
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
