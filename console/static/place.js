// Fills the place of an inspection from the phone's position when the inspector asks for it.
"use strict";
(() => {
  const button = document.querySelector("[data-place]");
  if (!button || !navigator.geolocation) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition((found) => {
      const { longitude, latitude, accuracy } = found.coords;
      document.getElementById("place").value = `${longitude.toFixed(5)}, ${latitude.toFixed(5)}（±${Math.round(accuracy)}米）`;
      button.disabled = false;
    }, () => { button.textContent = button.dataset.failed; }, { enableHighAccuracy: true, timeout: 15000 });
  });
})();
