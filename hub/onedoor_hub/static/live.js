// Says whether the page is live, and keeps opened tables open when figures are renewed.
(function () {
  "use strict";
  var sign = document.querySelector("[data-live]");
  // The hub sends a beat every 5 s; three missed in a row mean that nobody is there.
  var patienceMs = 16000;
  var timer;

  function lost() {
    sign.dataset.live = "lost";
  }
  function heard() {
    sign.dataset.live = "live";
    clearTimeout(timer);
    timer = setTimeout(lost, patienceMs);
  }
  if (!sign || !window.EventSource) { return; }

  document.body.addEventListener("htmx:sseOpen", heard);
  document.body.addEventListener("htmx:sseMessage", heard);
  document.body.addEventListener("htmx:sseError", lost);

  var open = [];
  document.body.addEventListener("htmx:beforeSwap", function () {
    open = Array.from(document.querySelectorAll("details[open][id]"), function (e) { return e.id; });
  });
  document.body.addEventListener("htmx:afterSwap", function () {
    open.forEach(function (id) {
      var element = document.getElementById(id);
      if (element) { element.open = true; }
    });
  });
})();
