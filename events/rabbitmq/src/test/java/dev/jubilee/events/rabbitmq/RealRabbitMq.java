package dev.jubilee.events.rabbitmq;

import dev.jubilee.events.tck.servers.RabbitMqServer;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests the one RabbitMQ of the JVM, as a parameter. When there is none, a class of tests
 * fails once and says why.
 */
final class RealRabbitMq implements BeforeAllCallback, ParameterResolver {
    @Override
    public void beforeAll(ExtensionContext context) {
        server(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RabbitMqServer.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return server(context);
    }

    private static RabbitMqServer server(ExtensionContext context) {
        return context.getStore(
                        ExtensionContext.StoreScope.LAUNCHER_SESSION,
                        ExtensionContext.Namespace.GLOBAL)
                .computeIfAbsent(
                        RabbitMqServer.class, key -> new RabbitMqServer(), RabbitMqServer.class);
    }
}
