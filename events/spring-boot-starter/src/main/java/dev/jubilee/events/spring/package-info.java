/**
 * The library in a Spring Boot application: one dependency, and there is a bus, an event store on
 * the application's {@code DataSource}, metrics and health. The only package of the library that
 * knows a framework.
 */
@NullMarked
package dev.jubilee.events.spring;

import org.jspecify.annotations.NullMarked;
