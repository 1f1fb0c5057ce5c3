/** Conditions and formulas in CEL: compiled once, checked when they are saved, bounded in cost. */
@NullMarked
package dev.jubilee.server.conditions;

import org.jspecify.annotations.NullMarked;
