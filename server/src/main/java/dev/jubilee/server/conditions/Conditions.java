package dev.jubilee.server.conditions;

import com.google.common.collect.ImmutableSet;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerBuilder;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.runtime.Program;
import dev.jubilee.server.conditions.Expression.Condition;
import dev.jubilee.server.conditions.Expression.Formula;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Compiles expressions in CEL. What compiles is bounded in cost: in length, in nodes, in the steps
 * of its comprehensions, and regular expressions run in linear time. Beside the standard, whole and
 * fractional numbers mix in arithmetic, because a payload's {@code 100} and {@code 100.5} are of
 * one kind to the game that sent them. Thread-safe.
 */
public final class Conditions {
    /** The longest expression, in characters. */
    public static final int MAX_LENGTH = 2_000;

    private static final CelOptions OPTIONS =
            CelOptions.current()
                    .maxExpressionCodePointSize(MAX_LENGTH)
                    .maxParseRecursionDepth(50)
                    .maxParseExpressionNodeCount(500)
                    .comprehensionMaxIterations(1_000)
                    .maxRegexProgramSize(500)
                    .enableHeterogeneousNumericComparisons(true)
                    .build();

    private final boolean shortcuts;
    private final Map<Set<Variable>, CelCompiler> compilers = new ConcurrentHashMap<>();
    private final CelRuntime runtime =
            CelRuntimeFactory.plannerRuntimeBuilder()
                    .setOptions(OPTIONS)
                    .addFunctionBindings(MixedArithmetic.bindings())
                    .build();

    /** Takes shortcuts where it can. */
    public Conditions() {
        this(true);
    }

    /** With the interpreter alone when there are to be no shortcuts. */
    Conditions(boolean shortcuts) {
        this.shortcuts = shortcuts;
    }

    /**
     * Compiles an expression that is true or false.
     *
     * @throws ExpressionException naming the place and the fault
     */
    public Condition condition(String text, Set<Variable> allowed) {
        CelAbstractSyntaxTree tree = compile(text, allowed);
        mustBe(tree, "true or false", Set.of(CelKind.BOOL, CelKind.DYN));
        CelCondition interpreted = new CelCondition(text, uses(tree), plan(tree));
        Shortcut.Node shortcut = shortcuts ? Shortcut.of(tree) : null;
        return shortcut == null ? interpreted : new QuickCondition(shortcut, interpreted);
    }

    /**
     * Compiles an expression that is a number.
     *
     * @throws ExpressionException naming the place and the fault
     */
    public Formula formula(String text, Set<Variable> allowed) {
        CelAbstractSyntaxTree tree = compile(text, allowed);
        mustBe(tree, "a number", Set.of(CelKind.INT, CelKind.UINT, CelKind.DOUBLE, CelKind.DYN));
        CelFormula interpreted = new CelFormula(text, uses(tree), plan(tree));
        Shortcut.Node shortcut = shortcuts ? Shortcut.of(tree) : null;
        return shortcut == null ? interpreted : new QuickFormula(shortcut, interpreted);
    }

    private CelAbstractSyntaxTree compile(String text, Set<Variable> allowed) {
        if (text.isBlank()) {
            throw new ExpressionException("must not be empty");
        }
        CelValidationResult result =
                compilers
                        .computeIfAbsent(Set.copyOf(allowed), Conditions::compiler)
                        .compile(text, "expression");
        try {
            return result.getAst();
        } catch (CelValidationException e) {
            throw new ExpressionException(
                    result.getErrors().stream()
                            .limit(3)
                            .map(issue -> describe(issue, allowed))
                            .collect(Collectors.joining("; ")));
        }
    }

    private Program plan(CelAbstractSyntaxTree tree) {
        try {
            return runtime.createProgram(tree);
        } catch (CelEvaluationException e) {
            throw new ExpressionException(String.valueOf(e.getMessage()));
        }
    }

    private static CelCompiler compiler(Set<Variable> allowed) {
        CelCompilerBuilder builder =
                CelCompilerFactory.standardCelCompilerBuilder()
                        .setOptions(OPTIONS)
                        .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
                        .setTypeProvider(Views.TYPES)
                        .addFunctionDeclarations(MixedArithmetic.declarations());
        allowed.forEach(variable -> builder.addVar(name(variable), Views.typeOf(variable)));
        return builder.build();
    }

    private static void mustBe(CelAbstractSyntaxTree tree, String what, Set<CelKind> kinds) {
        CelType type = tree.getResultType();
        if (!kinds.contains(type.kind())) {
            throw new ExpressionException("must be " + what + ", is of type " + type.name());
        }
    }

    private static Set<Variable> uses(CelAbstractSyntaxTree tree) {
        Set<Variable> uses = EnumSet.noneOf(Variable.class);
        ImmutableSet<String> names =
                tree.getReferenceMap().values().stream()
                        .map(reference -> reference.name())
                        .collect(ImmutableSet.toImmutableSet());
        for (Variable variable : Variable.values()) {
            if (names.contains(name(variable))) {
                uses.add(variable);
            }
        }
        return Set.copyOf(uses);
    }

    private static String describe(CelIssue issue, Set<Variable> allowed) {
        String message = issue.getMessage().replace(" (in container '')", "");
        String known =
                message.startsWith("undeclared reference")
                        ? " (known here: "
                                + allowed.stream()
                                        .sorted()
                                        .map(Conditions::name)
                                        .collect(Collectors.joining(", "))
                                + ")"
                        : "";
        return "line "
                + issue.getSourceLocation().getLine()
                + ", column "
                + (issue.getSourceLocation().getColumn() + 1)
                + ": "
                + message
                + known;
    }

    private static String name(Variable variable) {
        return variable.name().toLowerCase(Locale.ROOT);
    }

    private record CelCondition(String text, Set<Variable> uses, Program program)
            implements Condition {
        @Override
        public boolean test(Scope scope) {
            try {
                return Boolean.TRUE.equals(program.eval(Views.resolver(scope)));
            } catch (CelEvaluationException e) {
                return false;
            }
        }
    }

    private record CelFormula(String text, Set<Variable> uses, Program program) implements Formula {
        @Override
        public double value(Scope scope) {
            Object value;
            try {
                value = program.eval(Views.resolver(scope));
            } catch (CelEvaluationException e) {
                throw new ExpressionException(String.valueOf(e.getMessage()));
            }
            return finite(value, text);
        }
    }

    private record QuickCondition(Shortcut.Node shortcut, CelCondition interpreted)
            implements Condition {
        @Override
        public String text() {
            return interpreted.text();
        }

        @Override
        public Set<Variable> uses() {
            return interpreted.uses();
        }

        @Override
        public boolean test(Scope scope) {
            Object value = shortcut.eval(scope);
            return value == Mark.UNSURE ? interpreted.test(scope) : Boolean.TRUE.equals(value);
        }
    }

    private record QuickFormula(Shortcut.Node shortcut, CelFormula interpreted) implements Formula {
        @Override
        public String text() {
            return interpreted.text();
        }

        @Override
        public Set<Variable> uses() {
            return interpreted.uses();
        }

        @Override
        public double value(Scope scope) {
            Object value = shortcut.eval(scope);
            return value == Mark.UNSURE
                    ? interpreted.value(scope)
                    : finite(value, interpreted.text());
        }
    }

    private static double finite(Object value, String text) {
        if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw new ExpressionException("\"" + text + "\" is no number here");
    }
}
