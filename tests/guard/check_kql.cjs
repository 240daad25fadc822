// Says what Microsoft's Kusto language service finds wrong with queries.
// In: {"tables": {name: "(column: type, ...)"}, "queries": [...]}; out: for each query its faults.
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');

const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const given = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const tables = Object.entries(given.tables).map(([name, columns]) =>
  Symbols.TableSymbol.From(columns).WithName(name),
);
const database = new Symbols.DatabaseSymbol.ctor('workspace', tables);
const state = GlobalState.Default.WithDatabase(database);

function faultsOf(query) {
  const found = KustoCode.ParseAndAnalyze(query, state).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, at) => {
    const fault = found.getItem(at);
    return `${fault.Severity} at ${fault.Start}: ${fault.Message}`;
  });
}

console.log(JSON.stringify(given.queries.map(faultsOf)));
