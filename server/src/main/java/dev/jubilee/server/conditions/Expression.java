package dev.jubilee.server.conditions;

import java.util.Set;

/** A compiled CEL expression. Immutable and thread-safe. */
public sealed interface Expression {
    /** As it was written. */
    String text();

    /** What it speaks of. */
    Set<Variable> uses();

    /** An expression that is true or false. */
    non-sealed interface Condition extends Expression {
        /**
         * Whether it holds. A field that the payload lacks makes it false, as does a comparison of
         * unlike types.
         */
        boolean test(Scope scope);
    }

    /** An expression that is a number. */
    non-sealed interface Formula extends Expression {
        /**
         * Its value.
         *
         * @throws ExpressionException when a field is missing or not a number
         */
        double value(Scope scope);
    }
}
