// Shows the OpenAPI document. Nothing is fetched from anywhere else, and no key is kept in the browser.
SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
