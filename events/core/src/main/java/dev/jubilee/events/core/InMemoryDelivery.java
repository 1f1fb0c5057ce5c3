package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;

/** An event in a queue of this process. */
record InMemoryDelivery(BaseEvent event) implements Delivery {
    @Override
    public String key() {
        return event.orderingKey();
    }

    @Override
    public void settled() {}

    @Override
    public boolean returned() {
        return false; // there is nowhere to go
    }
}
