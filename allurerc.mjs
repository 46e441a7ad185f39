// What the client opens: one French HTML file, requirement by requirement.
const { RECETTE_SITE = "", RECETTE_COMMIT = "", RECETTE_STARTED = "" } = process.env;

export default {
  name: `Recette ${RECETTE_SITE}`.trim(),
  variables: { Site: RECETTE_SITE, Version: RECETTE_COMMIT, Début: RECETTE_STARTED },
  categories: [
    { name: "Non conforme : un « Alors » a été refusé", matchers: { statuses: ["failed"] } },
    { name: "Non concluant : la question reste ouverte", matchers: { statuses: ["broken"] } },
    { name: "Non exécuté", matchers: { statuses: ["skipped"] } },
  ],
  plugins: {
    awesome: {
      options: {
        singleFile: true,
        reportLanguage: "fr",
        theme: "light",
        groupBy: ["epic", "feature", "story"],
        stepTreeExpansion: "expanded",
      },
    },
  },
};
