package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An event in a queue of this process. */
record InMemoryDelivery(BaseEvent event, String subscription) implements Delivery {
    private static final Logger LOG = LoggerFactory.getLogger(InMemoryEventBus.class);

    @Override
    public String key() {
        return event.orderingKey();
    }

    @Override
    public void settled() {}

    @Override
    public void returned() {
        LOG.warn("{} ends before it handled {} {}", subscription, event.type(), event.id());
    }
}
