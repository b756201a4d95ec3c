"""The same request with its values in variables, as clients send it."""

import graphql


class Lifted(graphql.Visitor):
    """Puts a variable in place of every argument."""

    def __init__(self, types):
        super().__init__()
        self.types = types
        self.definitions = []
        self.values = {}

    def enter_argument(self, argument, *_):
        name = f"v{len(self.values)}"
        variable = graphql.VariableNode(name=graphql.NameNode(value=name))
        kind = graphql.parse_type(str(self.types.get_argument().type))
        self.definitions.append(graphql.VariableDefinitionNode(variable=variable, type=kind, directives=()))
        self.values[name] = graphql.value_from_ast_untyped(argument.value)
        return graphql.ArgumentNode(name=argument.name, value=variable)

    def leave_operation_definition(self, operation, *_):
        return graphql.OperationDefinitionNode(
            operation=operation.operation,
            name=operation.name,
            variable_definitions=tuple(self.definitions),
            directives=operation.directives,
            selection_set=operation.selection_set,
        )


def lift(schema, document):
    """The body of a request that asks what `document` asks."""
    types = graphql.TypeInfo(schema)
    lifted = Lifted(types)
    query = graphql.print_ast(graphql.visit(graphql.parse(document), graphql.TypeInfoVisitor(types, lifted)))
    return {"query": query, "variables": lifted.values}
