package dev.jubilee.server.conditions;

import com.google.errorprone.annotations.Immutable;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.types.SimpleType;
import dev.cel.runtime.CelFunctionBinding;
import java.util.ArrayList;
import java.util.List;

/** The four operations between a whole and a fractional number, which standard CEL refuses. */
final class MixedArithmetic {
    @Immutable
    private interface Operator {
        double apply(double a, double b);
    }

    private record Operation(String function, String id, Operator operator) {}

    private static final List<Operation> OPERATIONS =
            List.of(
                    new Operation("_+_", "add", (a, b) -> a + b),
                    new Operation("_-_", "subtract", (a, b) -> a - b),
                    new Operation("_*_", "multiply", (a, b) -> a * b),
                    new Operation("_/_", "divide", (a, b) -> a / b));

    private MixedArithmetic() {}

    static List<CelFunctionDecl> declarations() {
        List<CelFunctionDecl> declarations = new ArrayList<>();
        for (Operation operation : OPERATIONS) {
            declarations.add(
                    CelFunctionDecl.newFunctionDeclaration(
                            operation.function,
                            CelOverloadDecl.newGlobalOverload(
                                    operation.id + "_int64_double",
                                    SimpleType.DOUBLE,
                                    SimpleType.INT,
                                    SimpleType.DOUBLE),
                            CelOverloadDecl.newGlobalOverload(
                                    operation.id + "_double_int64",
                                    SimpleType.DOUBLE,
                                    SimpleType.DOUBLE,
                                    SimpleType.INT)));
        }
        return declarations;
    }

    static List<CelFunctionBinding> bindings() {
        List<CelFunctionBinding> bindings = new ArrayList<>();
        for (Operation operation : OPERATIONS) {
            Operator operator = operation.operator;
            bindings.addAll(
                    CelFunctionBinding.fromOverloads(
                            operation.function,
                            CelFunctionBinding.from(
                                    operation.id + "_int64_double",
                                    Long.class,
                                    Double.class,
                                    (a, b) -> operator.apply(a, b)),
                            CelFunctionBinding.from(
                                    operation.id + "_double_int64",
                                    Double.class,
                                    Long.class,
                                    (a, b) -> operator.apply(a, b))));
        }
        return bindings;
    }
}
