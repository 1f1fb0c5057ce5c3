package dev.jubilee.server.conditions;

import static dev.jubilee.server.conditions.Mark.ERROR;
import static dev.jubilee.server.conditions.Mark.UNSURE;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The common shapes of expressions, evaluated without CEL's interpreter: constants, fields,
 * comparisons, arithmetic, logic, {@code has()} and {@code in} a list of constants. It reads only
 * the fields that are named, where the interpreter first converts a whole payload, and a missing
 * field costs no exception. What it is not sure of it leaves to the interpreter; a property test
 * holds the two to the same results.
 */
final class Shortcut {
    /** Evaluates to a value or to a {@link Mark}. */
    @FunctionalInterface
    interface Node {
        Object eval(Scope scope);
    }

    private Shortcut() {}

    /** Null when the expression has a shape that only the interpreter knows. */
    static @Nullable Node of(CelAbstractSyntaxTree tree) {
        return of(tree.getExpr());
    }

    private static @Nullable Node of(CelExpr expression) {
        return switch (expression.exprKind().getKind()) {
            case CONSTANT -> constant(expression.constant());
            case SELECT -> select(expression.select());
            case CALL -> call(expression.call());
            default -> null;
        };
    }

    private static @Nullable Node constant(CelConstant constant) {
        Object value = valueOf(constant);
        return value == null ? null : scope -> value;
    }

    private static @Nullable Object valueOf(CelConstant constant) {
        return switch (constant.getKind()) {
            case BOOLEAN_VALUE -> constant.booleanValue();
            case INT64_VALUE -> constant.int64Value();
            case DOUBLE_VALUE -> constant.doubleValue();
            case STRING_VALUE -> constant.stringValue();
            default -> null;
        };
    }

    /** {@code data.a.b}, {@code progress.kills}, {@code player.level}, {@code has(data.a)}. */
    private static @Nullable Node select(CelExpr.CelSelect select) {
        List<String> names = new ArrayList<>();
        CelExpr at = select.operand();
        names.add(select.field());
        while (at.exprKind().getKind() == CelExpr.ExprKind.Kind.SELECT) {
            if (at.select().testOnly()) {
                return null;
            }
            names.addFirst(at.select().field());
            at = at.select().operand();
        }
        if (at.exprKind().getKind() != CelExpr.ExprKind.Kind.IDENT) {
            return null;
        }
        return Paths.node(at.ident().name(), List.copyOf(names), select.testOnly());
    }

    private static @Nullable Node call(CelExpr.CelCall call) {
        if (call.target().isPresent()) {
            return null;
        }
        if (call.function().equals("@in")) {
            return in(call.args().get(0), call.args().get(1));
        }
        List<Node> arguments = new ArrayList<>();
        for (CelExpr argument : call.args()) {
            Node node = of(argument);
            if (node == null) {
                return null;
            }
            arguments.add(node);
        }
        return switch (arguments.size()) {
            case 1 -> unary(call.function(), arguments.getFirst());
            case 2 -> binary(call.function(), arguments.getFirst(), arguments.getLast());
            case 3 ->
                    call.function().equals("_?_:_")
                            ? choice(arguments.get(0), arguments.get(1), arguments.get(2))
                            : null;
            default -> null;
        };
    }

    private static @Nullable Node in(CelExpr element, CelExpr list) {
        Node wanted = of(element);
        if (wanted == null || list.exprKind().getKind() != CelExpr.ExprKind.Kind.LIST) {
            return null;
        }
        List<Object> constants = new ArrayList<>();
        for (CelExpr entry : list.list().elements()) {
            Object value =
                    entry.exprKind().getKind() == CelExpr.ExprKind.Kind.CONSTANT
                            ? valueOf(entry.constant())
                            : null;
            if (value == null) {
                return null;
            }
            constants.add(value);
        }
        return scope -> Operations.in(wanted.eval(scope), constants);
    }

    private static @Nullable Node unary(String function, Node argument) {
        return switch (function) {
            case "!_" -> scope -> Operations.not(argument.eval(scope));
            case "-_" -> scope -> Operations.negate(argument.eval(scope));
            default -> null;
        };
    }

    private static @Nullable Node binary(String function, Node left, Node right) {
        return switch (function) {
            case "_&&_" -> logic(left, right, false);
            case "_||_" -> logic(left, right, true);
            case "_==_" -> both(left, right, Operations::equal);
            case "_!=_" -> both(left, right, (a, b) -> Operations.not(Operations.equal(a, b)));
            case "_<_" -> both(left, right, (a, b) -> Operations.order(a, b, c -> c < 0));
            case "_<=_" -> both(left, right, (a, b) -> Operations.order(a, b, c -> c <= 0));
            case "_>_" -> both(left, right, (a, b) -> Operations.order(a, b, c -> c > 0));
            case "_>=_" -> both(left, right, (a, b) -> Operations.order(a, b, c -> c >= 0));
            case "_+_" -> both(left, right, Operations.arithmetic(Math::addExact, (a, b) -> a + b));
            case "_-_" ->
                    both(left, right, Operations.arithmetic(Math::subtractExact, (a, b) -> a - b));
            case "_*_" ->
                    both(left, right, Operations.arithmetic(Math::multiplyExact, (a, b) -> a * b));
            case "_/_" ->
                    both(left, right, Operations.arithmetic(Math::divideExact, (a, b) -> a / b));
            default -> null;
        };
    }

    private static Node both(Node left, Node right, BinaryOperator<Object> operation) {
        return scope -> {
            Object a = left.eval(scope);
            Object b = right.eval(scope);
            if (a == UNSURE || b == UNSURE) {
                return UNSURE;
            }
            return a == ERROR || b == ERROR ? ERROR : operation.apply(a, b);
        };
    }

    /** One side that decides makes up for an error on the other, as CEL has it. */
    private static Node logic(Node left, Node right, boolean decisive) {
        return scope -> {
            Object a = left.eval(scope);
            if (a == UNSURE || a.equals(decisive)) {
                return a;
            }
            Object b = right.eval(scope);
            if (b == UNSURE || b.equals(decisive)) {
                return b;
            }
            return a instanceof Boolean && b instanceof Boolean ? b : ERROR;
        };
    }

    private static Node choice(Node condition, Node then, Node otherwise) {
        return scope -> {
            Object decided = condition.eval(scope);
            if (decided instanceof Boolean yes) {
                return yes ? then.eval(scope) : otherwise.eval(scope);
            }
            return decided == UNSURE ? UNSURE : ERROR;
        };
    }
}
