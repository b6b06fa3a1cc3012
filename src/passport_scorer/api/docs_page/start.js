window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#documentation",
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
});
