@NullMarked
package dev.jubilee.demo;

import org.jspecify.annotations.NullMarked;
