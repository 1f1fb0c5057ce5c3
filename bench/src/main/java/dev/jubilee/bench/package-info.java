/**
 * {@code ./jubilee bench}: the platform's speed beside the speed of what it stands on, measured in
 * the same run, and a check that it was not won by giving wrong answers.
 */
@NullMarked
package dev.jubilee.bench;

import org.jspecify.annotations.NullMarked;
