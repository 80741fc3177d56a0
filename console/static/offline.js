// Forms of the portal that outlive a lost network: kept in the phone's own store, sent when the network is back, with
// the age of the form, so that the office knows when it was filled. Without script every form works as an ordinary one.
"use strict";
(() => {
  const owner = document.body.dataset.owner || document.querySelector("[data-owner]")?.dataset.owner;
  const forms = document.querySelectorAll("form[data-offline]");
  const box = document.querySelector("[data-queue]");
  if (!owner || !box || !window.indexedDB) return;
  // The sentences stand on the page, in its language; {count} and {said} are filled in here.
  const words = (name, values = {}) => box.dataset[name].replace(/\{(\w+)\}/g, (_all, key) => values[key]);

  const open = () => new Promise((done, fail) => {
    const asked = indexedDB.open("lantian", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("queue", { keyPath: "id", autoIncrement: true });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const store = async (mode, act) => {
    const base = await open();
    return new Promise((done, fail) => {
      const work = base.transaction("queue", mode);
      const asked = act(work.objectStore("queue"));
      work.oncomplete = () => { base.close(); done(asked.result); };
      work.onerror = () => { base.close(); fail(work.error); };
    });
  };
  const mine = async () => (await store("readonly", (kept) => kept.getAll())).filter((one) => one.owner === owner);

  const say = (text, bad) => {
    box.hidden = !text;
    box.textContent = text;
    box.classList.toggle("alert", Boolean(bad));
    box.classList.toggle("done", !bad);
  };
  const count = async () => {
    const waiting = (await mine()).length;
    if (waiting) say(words("waiting", { count: waiting }), true);
    return waiting;
  };

  // A photograph straight from a camera is several megabytes; 1600 pixels show a meter well enough.
  const smaller = async (file) => {
    if (!file.type.startsWith("image/") || file.size < 1500000 || !window.createImageBitmap) return file;
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
      const sheet = document.createElement("canvas");
      sheet.width = Math.round(picture.width * scale);
      sheet.height = Math.round(picture.height * scale);
      sheet.getContext("2d").drawImage(picture, 0, 0, sheet.width, sheet.height);
      const made = await new Promise((done) => sheet.toBlob(done, "image/jpeg", 0.82));
      return made ? new File([made], "photo.jpg", { type: "image/jpeg" }) : file;
    } catch { return file; }
  };

  // What a form came to: "done", "lost" (no network), or the sentence with which it was refused.
  const send = async (kept) => {
    const fields = new FormData();
    for (const [name, value] of kept.fields) fields.append(name, value, ...(value instanceof File ? [value.name] : []));
    const token = document.querySelector("input[name=token]");
    if (token) fields.set("token", token.value);
    const age = Math.max(0, Math.round((Date.now() - kept.filledAt) / 1000));
    if (age > 20) fields.set("offline_seconds", String(age));
    let answer;
    try {
      answer = await fetch(kept.action, { method: "POST", body: fields, credentials: "same-origin", redirect: "manual" });
    } catch { return "lost"; }
    if (answer.type === "opaqueredirect") return "done";
    if (answer.status === 401) return words("login");
    if (answer.status >= 500) return "lost";
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return (page.querySelector("[role=alert]")?.textContent || page.querySelector("main")?.textContent || words("failed")).trim();
  };

  let busy = false;
  const flush = async () => {
    if (busy || !navigator.onLine) { await count(); return; }
    busy = true;
    let sent = 0;
    for (const kept of await mine()) {
      const said = await send(kept);
      if (said === "done") { sent += 1; await store("readwrite", (all) => all.delete(kept.id)); continue; }
      if (said === "lost" || said === words("login")) break;
      await store("readwrite", (all) => all.delete(kept.id));
      say(words("refused", { said }), true);
    }
    busy = false;
    if (await count()) return;
    if (sent) { say(words("sent", { count: sent }), false); setTimeout(() => location.reload(), 1500); }
  };

  for (const form of forms) {
    form.addEventListener("submit", async (sent) => {
      sent.preventDefault();
      sent.stopImmediatePropagation();
      if (form.dataset.busy) return;
      form.dataset.busy = "1";
      say(words("sending"), false);  // a fetch shows no sign of its own, and a photograph takes its time
      const fields = [];
      for (const [name, value] of new FormData(form)) {
        if (name === "token") continue;
        if (value instanceof File) { if (value.size) fields.push([name, await smaller(value)]); } else fields.push([name, value]);
      }
      const kept = { owner, action: form.getAttribute("action"), fields, filledAt: Date.now() };
      const said = navigator.onLine ? await send(kept) : "lost";
      if (said === "done") { location.href = form.dataset.then || location.pathname; return; }
      delete form.dataset.busy;
      if (said === "lost") {
        await store("readwrite", (all) => all.add(kept));
        form.dispatchEvent(new Event("queued"));  // keep.js lets go of what is now kept here
        form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
        await count();
      } else { say(said, true); }
      box.scrollIntoView({ block: "center" });
    }, { capture: true });
  }
  addEventListener("online", flush);
  setInterval(flush, 20000);
  flush();
})();
