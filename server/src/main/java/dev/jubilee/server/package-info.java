@NullMarked
package dev.jubilee.server;

import org.jspecify.annotations.NullMarked;
