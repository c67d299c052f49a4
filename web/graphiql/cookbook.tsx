// The sidebar's list of questions: each opens its query, with its variables, in a tab of its own.
import { type GraphiQLPlugin, pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { type Recipe, recipes } from "./recipes";

export const COOKBOOK_PLUGIN: GraphiQLPlugin = { title: "Cookbook", icon: CookbookIcon, content: Cookbook };

function Cookbook() {
  const { addTab } = useGraphiQLActions();
  const { queryEditor, variableEditor } = useGraphiQL(pick("queryEditor", "variableEditor"));
  // A tab is made empty; what its editors then hold becomes its content, as if it were typed.
  const open = (recipe: Recipe) => {
    addTab();
    queryEditor?.setValue(recipe.query);
    variableEditor?.setValue(recipe.variables);
  };
  return (
    <section className="cookbook" aria-label="Cookbook">
      <h2 className="cookbook-title">Cookbook</h2>
      <ol className="cookbook-list">
        {recipes.map((recipe) => (
          <li key={recipe.english}>
            <button className="cookbook-recipe" type="button" onClick={() => open(recipe)}>
              <span lang="id">{recipe.indonesian}</span>
              <span className="cookbook-english">{recipe.english}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function CookbookIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 19.5V5.5A2.5 2.5 0 0 1 6.5 3H20v18H6.5A2.5 2.5 0 0 1 4 18.5 2.5 2.5 0 0 1 6.5 16H20" />
      <path d="M9 8h7M9 11.5h5" />
    </svg>
  );
}
