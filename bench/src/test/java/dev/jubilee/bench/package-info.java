@NullMarked
package dev.jubilee.bench;

import org.jspecify.annotations.NullMarked;
