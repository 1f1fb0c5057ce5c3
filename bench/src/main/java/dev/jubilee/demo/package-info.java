/** A game that is played on a running platform, and the books that are kept on it. */
@NullMarked
package dev.jubilee.demo;

import org.jspecify.annotations.NullMarked;
